/** Decision tests: calls, and whether each is expected to be allowed. Plain data, and where in its file each part is. */
import type { AuthorizerSpec, DecisionRequest } from '../authorizers/index.ts';

export const DECISION_TEST = { apiVersion: 'authz.toolhive.stacklok.dev/v1alpha1', kind: 'DecisionTest' } as const;

/** Keys and indexes from the object's root. */
export type Path = readonly (string | number)[];

export interface Fault {
  readonly path: Path;
  /** One sentence: what is wrong, and what is expected. */
  readonly message: string;
}

/** Which config a test is about. */
export type ConfigReference =
  { readonly name: string; readonly namespace: string | undefined } | { readonly file: string };

export interface DecisionCase {
  readonly name: string;
  readonly request: DecisionRequest;
  readonly expected: 'allow' | 'deny';
  readonly path: Path;
}

export interface DecisionTest {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly config: ConfigReference;
  readonly cases: readonly DecisionCase[];
}

/** A config as a test found it. */
export interface NamedConfig {
  /** As people know it; coverage is counted by it. */
  readonly name: string;
  readonly spec: AuthorizerSpec;
}

export interface CaseResult {
  readonly name: string;
  readonly path: Path;
  readonly passed: boolean;
  readonly expected: 'allow' | 'deny';
  readonly actual: 'allow' | 'deny';
  readonly policies: readonly number[];
  readonly errors: readonly string[];
  readonly why: string;
}

export interface Coverage {
  readonly config: string;
  /** How many policies there are. */
  readonly policies: number;
  /** Those that no case made decide. */
  readonly uncovered: readonly { readonly index: number; readonly text: string }[];
}
