import { oneLine } from '../one-line.ts';
import type { Explained, Explanation, Target } from './explain.ts';

/** A table of who may call what, and below it why somebody may not. */
export function formatText({ name, callers, targets, decisions, leftOut }: Explanation): string {
  const head = ['', ...callers.map((caller) => oneLine(caller.name))];
  const rows = targets.map((target, row) => [
    targetText(target),
    ...callers.map((_caller, column) => word(decisions[row * callers.length + column])),
  ]);
  const widths = head.map((_cell, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? '').length)));
  const table = [head, ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const denied = decisions.filter(({ allow }) => !allow);
  const reasons = denied.map((each) => `  ${oneLine(each.caller)}, ${targetText(each)}: ${oneLine(each.why)}`);
  const rest = leftOutText(leftOut);
  return [
    oneLine(name),
    '',
    ...table,
    ...(rest === undefined ? [] : ['', rest]),
    ...(reasons.length > 0 ? ['', 'Denied:', ...reasons] : []),
    '',
  ].join('\n');
}

/** Undefined where everything is there. */
export function leftOutText({ callers, targets }: Explanation['leftOut']): string | undefined {
  return callers + targets === 0
    ? undefined
    : `Left out: ${String(callers)} callers and ${String(targets)} calls that the policies name too. Ask for them with --as and --tools.`;
}

function word(decision: Explained | undefined): string {
  return decision?.allow === true ? 'yes' : (decision?.errors.length ?? 0) > 0 ? 'error' : 'no';
}

export function targetText({ feature, id }: Target): string {
  return `${feature} ${oneLine(id)}`;
}
