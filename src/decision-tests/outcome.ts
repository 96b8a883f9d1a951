/** Decision tests kept in ConfigMaps, and what a change of their config makes of them. Plain data: it crosses threads. */
import type { AuthorizerSpec } from '../authorizers/analysis.ts';

/** A ConfigMap, as far as tests are concerned. */
export interface TestMap {
  readonly name: string;
  readonly data: unknown;
  /** What its annotation says. */
  readonly action: string | undefined;
}

export interface TestRunInput {
  readonly maps: readonly TestMap[];
  /** The MCPAuthzConfig that the tests are of. */
  readonly config: string;
  readonly after: AuthorizerSpec;
  /** As it is stored now; undefined for a new one. */
  readonly before: AuthorizerSpec | undefined;
  /** Names of ConfigMaps that there was no room to bring. */
  readonly unlisted?: readonly string[];
}

/** How many cases are run for one question, and for how long it is worked on altogether. */
export interface TestRoom {
  readonly cases: number;
  /** For all of it: reading ConfigMaps, compiling policies, running cases. */
  readonly milliseconds: number;
}

/** Of an admission request, which asks once. What is left of 100 ms is for the step in which the time ends. */
export const ADMISSION_ROOM: TestRoom = { cases: 1000, milliseconds: 80 };

export interface CaseOutcome {
  readonly configMap: string;
  readonly name: string;
  /** What a broken case does to the change. */
  readonly action: 'Deny' | 'Warn';
  readonly expected: 'allow' | 'deny';
  readonly after: 'allow' | 'deny';
  readonly before?: 'allow' | 'deny';
  /** Which policy decided a broken case; quotes policy text. Empty for one that passes. */
  readonly why: string;
}

export interface TestRunResults {
  readonly outcomes: readonly CaseOutcome[];
  /** ConfigMaps that say nothing that can be read, and why. */
  readonly unreadable: readonly { readonly configMap: string; readonly message: string }[];
  /** Cases for which there was no room or no time. */
  readonly leftOut: number;
  /** ConfigMaps that were not read, or not to their end, for the same reason. */
  readonly unread: readonly string[];
  /** Why a config leaves its decisions to others. */
  readonly undecidable?: string;
}

export interface TestMapFault {
  /** Field path, e.g. `data["tests.yaml"]`. */
  readonly path: string;
  readonly message: string;
}

export const NO_TESTS: TestRunResults = { outcomes: [], unreadable: [], leftOut: 0, unread: [] };
