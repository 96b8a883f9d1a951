import { queryKey } from './query-key.ts';
import type { Analysis, AuthorizerSpec } from '../authorizers/analysis.ts';
import type { TestMapFault, TestRunResults } from '../decision-tests/outcome.ts';
import type { KubernetesObject } from '../api/objects.ts';
import type {
  Answer,
  NamespaceFacts,
  Query,
  Referrer,
  ReferringWorkload,
  ResolvedConfig,
  WorldView,
} from '../rules/contract.ts';

/** What each kind of query is answered with. */
interface AnswerTypes {
  authzConfig: ResolvedConfig;
  analysis: Analysis;
  referrers: readonly Referrer[];
  namespace: NamespaceFacts;
  mayBypass: boolean;
  workload: ReferringWorkload;
  configMap: KubernetesObject;
  decisionTests: TestRunResults;
  decisionTestFaults: readonly TestMapFault[];
}

/** Answers by {@link queryKey}, gathered before any rule runs. */
export interface WorldAnswers {
  answer<Q extends Query>(query: Q): Answer<AnswerTypes[Q['ask']]> | undefined;
}

/** Collects answers; the resolvers of the server and of the command line fill it. */
export function createWorldAnswers(): WorldAnswers & {
  record<Q extends Query>(query: Q, answer: Answer<AnswerTypes[Q['ask']]>): void;
} {
  const answers = new Map<string, unknown>();
  return {
    record: (query, answer) => {
      answers.set(queryKey(query), answer);
    },
    // The key starts with what was asked, so a value found under it was recorded with that query's own type.
    answer: <Q extends Query>(query: Q) => answers.get(queryKey(query)) as Answer<AnswerTypes[Q['ask']]> | undefined,
  };
}

/** A rule looked at something that its `queries` did not declare. */
export class UndeclaredQueryError extends Error {
  readonly code = 'UNDECLARED_QUERY';
}

/** A view of `answers` that shows exactly what was declared. A declared query without an answer is `unknown`. */
export function worldViewOf(declared: readonly Query[], answers: WorldAnswers): WorldView {
  return declared.length === 0 ? NOTHING_DECLARED : viewOf(declared, answers);
}

function viewOf(declared: readonly Query[], answers: WorldAnswers): WorldView {
  const allowed = new Set(declared.map(queryKey));
  const look = <Q extends Query>(query: Q): Answer<AnswerTypes[Q['ask']]> => {
    if (!allowed.has(queryKey(query))) {
      throw new UndeclaredQueryError(`the query "${queryKey(query)}" was not declared`);
    }
    return answers.answer(query) ?? { state: 'unknown', why: 'the question was not asked' };
  };
  return {
    authzConfig: (namespace, name) => look({ ask: 'authzConfig', namespace, name }),
    analysis: (spec: AuthorizerSpec) => look({ ask: 'analysis', spec }),
    referrers: (namespace, name) => look({ ask: 'referrers', namespace, name }),
    namespace: (name) => look({ ask: 'namespace', name }),
    mayBypass: (namespace, name, user) => look({ ask: 'mayBypass', namespace, name, user }),
    workload: (kind, namespace, name) => look({ ask: 'workload', kind, namespace, name }),
    configMap: (namespace, name) => look({ ask: 'configMap', namespace, name }),
    decisionTests: (question) => look({ ask: 'decisionTests', ...question }),
    decisionTestFaults: (map, config) => look({ ask: 'decisionTestFaults', map, config }),
  };
}

/** To no questions. */
export const NO_ANSWERS: WorldAnswers = createWorldAnswers();

const NOTHING_DECLARED = viewOf([], NO_ANSWERS);
