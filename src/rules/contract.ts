/**
 * The contract of a rule: a pure, synchronous function over (object, oldObject, world view) that returns findings.
 * Who asks (webhook, loop, command line) is not visible to it. See docs/adr/0001-pure-rules.md.
 */
import type { Analysis, AuthorizerSpec } from '../authorizers/analysis.ts';
import type { KubernetesObject } from '../api/objects.ts';
import type { TestMap, TestMapFault, TestRunResults } from '../decision-tests/outcome.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE';

export interface UserInfo {
  readonly username: string;
  readonly groups: readonly string[];
}

interface InputBase {
  /** The object's namespace; taken from the request, since an object made without one carries none. */
  readonly namespace: string;
  /** Empty where the name is not known yet (`generateName`). */
  readonly name: string;
  /** Absent offline. */
  readonly user?: UserInfo;
  readonly now: Date;
}

export interface CreateInput extends InputBase {
  readonly operation: 'CREATE';
  readonly object: KubernetesObject;
  readonly oldObject?: undefined;
}
export interface UpdateInput extends InputBase {
  readonly operation: 'UPDATE';
  readonly object: KubernetesObject;
  readonly oldObject: KubernetesObject;
}
export interface DeleteInput extends InputBase {
  readonly operation: 'DELETE';
  readonly object?: undefined;
  readonly oldObject: KubernetesObject;
}

export type WriteInput = CreateInput | UpdateInput;
export type RuleInput = WriteInput | DeleteInput;

/** Three answers, never two: an unsynced cache, a forbidden read and the offline command line do not claim absence. */
export type Answer<T> =
  | { readonly state: 'present'; readonly value: T }
  | { readonly state: 'absent' }
  | { readonly state: 'unknown'; readonly why: string };

export type Query =
  | AuthzConfigQuery
  /** What the backend says about a spec that is part of the request itself. */
  | { readonly ask: 'analysis'; readonly spec: AuthorizerSpec }
  /** Every workload that refers to a config, of all three kinds, read so that none is missed. */
  | { readonly ask: 'referrers'; readonly namespace: string; readonly name: string }
  | { readonly ask: 'namespace'; readonly name: string }
  /** Whether a user may delete a config although it is in use: the verb `bypass`. */
  | { readonly ask: 'mayBypass'; readonly namespace: string; readonly name: string; readonly user: UserInfo }
  /** A workload together with the config that it refers to. */
  | { readonly ask: 'workload'; readonly kind: string; readonly namespace: string; readonly name: string }
  | { readonly ask: 'configMap'; readonly namespace: string; readonly name: string }
  /** What a config decides of the test cases that ConfigMaps of its namespace hold, and what it decided before. */
  | ({ readonly ask: 'decisionTests' } & DecisionTestsQuestion)
  /** What is wrong with the test cases of a ConfigMap that is part of the request itself. */
  | { readonly ask: 'decisionTestFaults'; readonly map: TestMap; readonly config: string };

/** An MCPAuthzConfig together with what its backend says about it. */
export interface AuthzConfigQuery {
  readonly ask: 'authzConfig';
  readonly namespace: string;
  readonly name: string;
  /** Nothing is refused by the answer, so it may be that of the generation that the watch cache has seen last. */
  readonly asWatched?: true;
}

export interface DecisionTestsQuestion {
  readonly namespace: string;
  readonly name: string;
  readonly after: AuthorizerSpec;
  readonly before?: AuthorizerSpec;
}

export interface ResolvedConfig {
  readonly object: KubernetesObject;
  readonly analysis: Analysis;
}

export interface Referrer {
  readonly kind: string;
  readonly name: string;
}

export interface ReferringWorkload {
  readonly object: KubernetesObject;
  /** `absent` also where it refers to none. */
  readonly config: Answer<ResolvedConfig>;
}

/** What rules are told about a namespace. */
export interface NamespaceFacts {
  readonly terminating: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

/** The answers to the queries that were declared; asking anything else is a bug and throws. */
export interface WorldView {
  authzConfig(namespace: string, name: string): Answer<ResolvedConfig>;
  analysis(spec: AuthorizerSpec): Answer<Analysis>;
  /** Sorted by kind, then name. */
  referrers(namespace: string, name: string): Answer<readonly Referrer[]>;
  namespace(name: string): Answer<NamespaceFacts>;
  mayBypass(namespace: string, name: string, user: UserInfo): Answer<boolean>;
  workload(kind: string, namespace: string, name: string): Answer<ReferringWorkload>;
  configMap(namespace: string, name: string): Answer<KubernetesObject>;
  decisionTests(question: DecisionTestsQuestion): Answer<TestRunResults>;
  decisionTestFaults(map: TestMap, config: string): Answer<readonly TestMapFault[]>;
}

/** `audit` reaches the audit log only. `unknown` is for what must not be decided without an answer: the request fails, and its failurePolicy decides. */
export type Level = 'deny' | 'warn' | 'audit' | 'unknown';

/** metav1.StatusReason of a refusal, with its HTTP code: Invalid 422, Conflict 409, Forbidden 403. */
export type Refusal = 'Invalid' | 'Conflict' | 'Forbidden';

export interface Finding {
  readonly level: Level;
  /** Field path from the object's root, e.g. `spec.config.policies[2]`; empty for the object as a whole. */
  readonly path: string;
  /** CamelCase, for machines. */
  readonly reason: string;
  /** One sentence for a person who must act. Same input, same bytes. */
  readonly message: string;
  readonly detail?: string;
  /** How a `deny` is answered; Invalid unless said otherwise. */
  readonly refusal?: Refusal;
  /** Named parts of the problem, e.g. the workloads that hold a config; go to `details.causes`. */
  readonly causes?: readonly Cause[];
  /** Tells whether an update found this problem or brought it; the path and reason where absent. */
  readonly subject?: string;
}

/** Ends the message of a problem that an update found, rather than brought; it is a warning then. */
export const LET_THROUGH = 'This was so before the update, which is let through.';

/** As a warning, where it would be refused. */
export function letThrough(finding: Finding): Finding {
  return finding.level === 'deny'
    ? { ...finding, level: 'warn', message: `${finding.message} ${LET_THROUGH}` }
    : finding;
}

export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** Which requests a rule is for. Data, because the webhook registrations are generated from it. */
export interface Match {
  /** Of the resources; toolhive.stacklok.dev where absent. */
  readonly group?: string;
  /** Plurals within the group. */
  readonly resources: readonly string[];
  readonly operations: readonly Operation[];
  /** Only objects with every one of these labels, at one of its values. Becomes the webhook's objectSelector. */
  readonly labels?: Readonly<Record<string, readonly string[]>>;
}

interface RuleBase<Input extends RuleInput> {
  /** kebab-case; equals the file, the page in docs/rules and the folder of fixtures. */
  readonly id: string;
  /** One sentence: what must hold. Shown by `mcp-authz rules` and in SARIF. */
  readonly title: string;
  readonly match: Match;
  queries(input: Input): readonly Query[];
  check(input: Input, world: WorldView): readonly Finding[];
}

/** Asked when an object is created or updated. */
export interface WriteRule extends RuleBase<WriteInput> {
  readonly on: 'write';
  /** Looks at oldObject itself to tell what the update brings: it is not asked about the stored object as well. */
  readonly tellsOldFromNew?: true;
}
/** Asked when an object is deleted. */
export interface DeleteRule extends RuleBase<DeleteInput> {
  readonly on: 'delete';
}
export type Rule = WriteRule | DeleteRule;

/** Object in, object out; the difference becomes the JSON Patch. Applying it twice changes nothing more. */
export interface Mutator {
  readonly id: string;
  readonly title: string;
  readonly match: Match;
  queries(input: WriteInput): readonly Query[];
  mutate(input: WriteInput, world: WorldView): Mutation;
}

export interface Mutation {
  readonly object: KubernetesObject;
  readonly findings: readonly Finding[];
}

/** Choices of whoever runs the rules; every one has the default of {@link DEFAULT_POLICY}. */
export interface RulePolicy {
  /** What a reference to a config that does not exist (yet) gets. */
  readonly missingReference: 'Warn' | 'Deny';
}

export const DEFAULT_POLICY: RulePolicy = { missingReference: 'Warn' };
