/** Which rules there are, and what each asks for before it looks at anything. */
import { createWorldAnswers, worldViewOf } from '../../src/engine/world-view.ts';
import { DEFAULT_POLICY, type Rule } from '../../src/rules/contract.ts';
import { createRules } from '../../src/rules/index.ts';
import { createOfflineRules } from '../../src/rules/offline.ts';
import { create, server, workload } from '../support/objects.ts';

const RULES = createRules(DEFAULT_POLICY);
const OFFLINE = createOfflineRules();
const WITHOUT_QUESTIONS = ['mutual-exclusion', 'advice', 'misplaced-field', 'unknown-field', 'crd-rules'];

it('the rules of the server, in the order in which they are asked', () => {
  expect(RULES.map(({ id, on }) => `${id} on ${on}`)).toEqual([
    'mutual-exclusion on write',
    'reference on write',
    'advice on write',
    'authz-config on write',
    'cedar-lint on write',
    'used-by on write',
    'decision-tests on write',
    'decision-test-file on write',
    'deletion-protection on delete',
  ]);
});

it('those of files', () => {
  expect(OFFLINE.map(({ id, on }) => `${id} on ${on}`)).toEqual([
    'misplaced-field on write',
    'unknown-field on write',
    'crd-rules on write',
  ]);
});

it('a reference to nothing is a warning unless somebody says otherwise', () => {
  expect(DEFAULT_POLICY).toEqual({ missingReference: 'Warn' });
});

it('each says in a sentence what must hold', () => {
  for (const { title } of [...RULES, ...OFFLINE]) {
    expect(title).toMatch(/^[A-Z].{20,}\.$/);
  }
});

it.each(
  [...RULES, ...OFFLINE].filter(({ id }) => WITHOUT_QUESTIONS.includes(id)).map((rule) => [rule.id, rule] as const),
)('%s asks nothing', (_id, rule: Rule) => {
  expect(rule.on === 'write' && rule.queries(create(server({ authzConfigRef: { name: 'a' } })))).toEqual([]);
});

it.each(OFFLINE.map((rule) => [rule.id, rule] as const))(
  '%s has nothing to say of a kind that is not known',
  (_id, rule) => {
    const world = worldViewOf([], createWorldAnswers());
    const unknown = create(workload('MCPRegistry', { authzConfgRef: {} }));
    expect(rule.on === 'write' && rule.check(unknown, world)).toEqual([]);
  },
);
