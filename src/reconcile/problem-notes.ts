/**
 * What an event tells of a config's problems. Events are read by more people than configs are, so a sentence that may
 * quote the config is left to the condition, which stands on the config itself; the event says where and what for.
 */
import type { Problem } from '../authorizers/analysis.ts';

/** Reasons whose sentences are ours or ToolHive's from end to end; any other may quote policies, entities or an URL. */
const QUOTES_NOTHING: ReadonlySet<string> = new Set([
  'ClaimMappingMissing',
  'ConfigMissing',
  'ConfigTooDeep',
  'ConfigTooLarge',
  'ConnectionMissing',
  'MoreProblems',
  'NoPolicies',
  'PolicyEmpty',
  'PolicySeveral',
  'UnknownType',
  'UrlMissing',
  'WrongType',
]);

const POSITION = /^line \d+, column \d+(?=: )/;

export function problemsNote(problems: readonly Problem[]): string {
  return `spec validation failed: ${problems.map(told).join('; ')}`;
}

function told({ path, reason, message }: Problem): string {
  if (QUOTES_NOTHING.has(reason)) {
    return path.includes('[') ? `${path}: ${message}` : message;
  }
  const [position] = POSITION.exec(message) ?? [];
  return `${path}: ${position === undefined ? '' : `${position}: `}${reason} (the config's condition says more)`;
}
