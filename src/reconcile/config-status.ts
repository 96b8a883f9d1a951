/**
 * What an MCPAuthzConfig should look like: status, finalizer, label, and what to tell. Pure.
 *
 * Conditions, reasons, messages and events are those of ToolHive's own controller, except that `Valid` carries the
 * strict verdict: a config that its proxy could not load is not valid (docs/loop.md lists every difference).
 */
import type { Analysis, Problem } from '../authorizers/analysis.ts';
import { at, stringAt } from '../api/json.ts';
import { FINALIZER, IN_USE_LABEL, POLICY_VERIFIED } from '../api/names.ts';
import type { KubernetesObject } from '../api/objects.ts';
import { breakGlass } from '../rules/break-glass.ts';
import type { Referrer } from '../rules/contract.ts';
import { shortened, type Verdict } from './conditions.ts';
import { problemsNote } from './problem-notes.ts';
import { statusView, statusWrite, type StatusView, type StatusVocabulary, type StatusWrite } from './status.ts';

export interface ConfigFacts {
  readonly config: KubernetesObject;
  readonly analysis: Analysis;
  /** Sorted by kind, then name. */
  readonly referrers: readonly Referrer[];
  /**
   * True where `referrers` is the answer of a LIST that the API server was asked at a time when the deletion had been
   * known for the whole admission grace; only that may release the config.
   */
  readonly releasable: boolean;
  /** Workloads and configs go away together then, in any order: nothing is held, and nothing new can be created. */
  readonly namespaceTerminating: boolean;
  /** Status fields that the CRD does not declare. */
  readonly undeclared: ReadonlySet<string>;
  readonly now: Date;
}

export interface Note {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly action: string;
  readonly note: string;
}

export interface ConfigDecision extends StatusWrite {
  readonly finalizer: 'add' | 'remove' | 'keep';
  /** The value of the in-use label; undefined where it has to go. Written only where it differs. */
  readonly inUse: 'set' | 'remove' | 'keep';
  readonly notes: readonly Note[];
}

const VALID = 'Valid';
const DELETION_BLOCKED = 'DeletionBlocked';

export const CONFIG_VOCABULARY: StatusVocabulary = {
  conditions: [VALID, DELETION_BLOCKED, POLICY_VERIFIED],
  fields: ['configHash', 'observedGeneration', 'referencingWorkloads', 'referenceCount'],
};

export function decideConfig(facts: ConfigFacts): ConfigDecision {
  const { config, analysis, referrers, undeclared, now } = facts;
  const view = statusView(config);
  const validity = validityOf(analysis, view);
  const released = facts.namespaceTerminating || isBroken(config);
  const held = isTerminating(config) && referrers.length > 0 && !released;
  const blocked = held ? [blockedBy(referrers)] : [];
  const write = statusWrite(
    view,
    {
      verdicts: [validity, ...blocked],
      fields: {
        // Both belong to one generation, so that neither is ever older than the condition beside it (U12).
        configHash: analysis.rendering?.toolhiveHash,
        observedGeneration: config.metadata.generation,
        referencingWorkloads: referrers.length === 0 ? undefined : referrers.map(({ kind, name }) => ({ kind, name })),
        referenceCount: referrers.length,
      },
    },
    CONFIG_VOCABULARY,
    undeclared,
    now,
  );
  return {
    ...write,
    finalizer: finalizer(facts),
    inUse: isTerminating(config) ? 'keep' : label(config, referrers.length > 0),
    notes: [
      ...(isBroken(config) && referrers.length > 0 ? [brokenNote(config, referrers)] : []),
      ...validityNotes(view, validity, analysis.problems),
      ...(blocked.length === 0 ? [] : blockedNotes(view, referrers)),
    ],
  };
}

export function isTerminating(object: KubernetesObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

function finalizer(facts: ConfigFacts): ConfigDecision['finalizer'] {
  const { config, referrers, releasable, namespaceTerminating } = facts;
  const present = config.metadata.finalizers?.includes(FINALIZER) ?? false;
  if (!isTerminating(config)) {
    return present ? 'keep' : 'add'; // the API server refuses new finalizers on what is being deleted
  }
  return present && (namespaceTerminating || isBroken(config) || (releasable && referrers.length === 0))
    ? 'remove'
    : 'keep';
}

/**
 * Whoever asked for the deletion was allowed to break the glass then, by admission (rules/deletion-protection.ts). Put on
 * later it takes no more than the right to update the config, by which the finalizer itself can be taken off.
 */
function isBroken({ metadata, ...rest }: KubernetesObject): boolean {
  const deleted = metadata.deletionTimestamp;
  return deleted !== undefined && breakGlass({ metadata, ...rest }, new Date(deleted)).state === 'open';
}

function label({ metadata }: KubernetesObject, used: boolean): ConfigDecision['inUse'] {
  const value = metadata.labels?.[IN_USE_LABEL];
  return used ? (value === 'true' ? 'keep' : 'set') : value === undefined ? 'keep' : 'remove';
}

function validityOf({ problems }: Analysis, { owners }: StatusView): Verdict {
  const type = owners.isForeignCondition(VALID) ? POLICY_VERIFIED : VALID;
  return problems.length === 0
    ? { type, status: 'True', reason: 'ConfigValid', message: 'Spec validation passed' }
    : { type, status: 'False', reason: 'ConfigInvalid', message: problemsMessage(problems) };
}

/** ToolHive's own sentences stand as they are; what only we find says where. */
export function problemsMessage(problems: readonly Problem[]): string {
  return problems.map(({ path, message }) => (path.includes('[') ? `${path}: ${message}` : message)).join('; ');
}

/** Go's %v of a list of structs, which is what ToolHive prints. */
function goList(referrers: readonly Referrer[]): string {
  return `[${referrers.map(({ kind, name }) => `{${kind} ${name}}`).join(' ')}]`;
}

function blockedBy(referrers: readonly Referrer[]): Verdict {
  return {
    type: DELETION_BLOCKED,
    status: 'True',
    reason: 'ReferencedByWorkloads',
    message: `Cannot delete: referenced by workloads: ${goList(referrers)}`,
  };
}

/** Bytes of events.k8s.io/v1 `note`. */
const NOTE_LIMIT = 1024;

function note(type: Note['type'], reason: string, action: string, text: string): Note {
  return { type, reason, action, note: shortened(text, NOTE_LIMIT / 2) };
}

/** On transitions only. Where the other manager says the same, it has told so itself. */
function validityNotes(
  { conditions, owners }: StatusView,
  verdict: Verdict,
  problems: readonly Problem[],
): readonly Note[] {
  const before = stringAt(conditions.get(verdict.type), 'status');
  const told = owners.isForeignCondition(VALID) && at(conditions.get(VALID), 'status') === verdict.status;
  if (told || before === verdict.status) {
    return [];
  }
  if (verdict.status === 'False') {
    return [note('Warning', 'ConfigInvalid', 'Validate', problemsNote(problems))];
  }
  return before === 'False' ? [note('Normal', 'ConfigValid', 'Validate', 'spec validation passed')] : [];
}

function brokenNote(config: KubernetesObject, referrers: readonly Referrer[]): Note {
  const glass = breakGlass(config, new Date(config.metadata.deletionTimestamp ?? ''));
  const why = glass.state === 'open' ? glass.reason : '';
  const text = `deleted by break-glass (${why}) while still referenced by workloads: ${goList(referrers)}`;
  return note('Warning', 'BreakGlass', 'Delete', text);
}

function blockedNotes({ conditions, owners }: StatusView, referrers: readonly Referrer[]): readonly Note[] {
  if (owners.isForeignCondition(DELETION_BLOCKED) || at(conditions.get(DELETION_BLOCKED), 'status') === 'True') {
    return [];
  }
  const text = `deletion blocked while still referenced by workloads: ${goList(referrers)}`;
  return [note('Warning', DELETION_BLOCKED, 'Delete', text)];
}
