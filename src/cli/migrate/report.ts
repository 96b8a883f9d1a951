import { oneLine } from '../one-line.ts';
import type { MigrationReport } from './migrate.ts';
import { workloadName } from './plan.ts';

/** For people, beside the diff: what stays as it is, and what else they should know. */
export function notesOf({ groups, refusals, faults, unreadable }: MigrationReport): readonly string[] {
  const notes = groups.flatMap(({ migrations }) =>
    migrations.flatMap(({ manifest, holder, object, notes: own }) =>
      own.map(
        (note) =>
          `note: ${manifest.file.name}:${String(lineOf(manifest.file.text, holder.start))}: ${workloadName(object)}: ${note}`,
      ),
    ),
  );
  return [
    ...unreadable.map(
      ({ file, line, message }) => `error: ${file}${line === undefined ? '' : `:${String(line)}`}: ${message}`,
    ),
    ...refusals.map(
      ({ file, line, workload, message }) =>
        `error: ${file}:${String(line)}: ${workload === undefined ? '' : `${workload} stays as it is: `}${message}`,
    ),
    ...faults.map((fault) => `error: nothing is changed, this is a fault of mcp-authz: ${fault}`),
    ...notes,
  ].map(oneLine);
}

export function summaryOf(
  { groups, refusals, faults, decisions, unreadable }: MigrationReport,
  isWritten: boolean,
): string {
  const workloads = groups.reduce((sum, { migrations }) => sum + migrations.length, 0);
  if (workloads === 0 || faults.length > 0) {
    return refusals.length + faults.length > 0 ? 'nothing could be migrated' : 'nothing to migrate';
  }
  const created = groups.filter(({ exists }) => !exists).length;
  const proof =
    decisions === 0 ? '' : `; ${count(decisions, 'decision')} of test cases made before and after, all equal`;
  const what = `${count(workloads, 'workload')} ${isWritten ? (workloads === 1 ? 'refers' : 'refer') : 'would refer'} to ${count(groups.length, 'MCPAuthzConfig')}, ${String(created)} of them new`;
  const next = isWritten
    ? ''
    : unreadable.length > 0
      ? '; nothing is written while something cannot be read'
      : '; --write changes the files';
  return `${what}: the same runtime config for each${proof}${next}`;
}

/** For programs. */
export function formatJson(
  { groups, refusals, faults, changes, decisions, unreadable }: MigrationReport,
  isWritten: boolean,
): string {
  const configs = groups.map(({ name, exists, migrations }) => ({
    name,
    namespace: migrations[0]?.namespace,
    isNew: !exists,
    type: migrations[0]?.spec.type,
    workloads: migrations.map(({ manifest, holder, object, form, notes }) => ({
      file: manifest.file.name,
      line: lineOf(manifest.file.text, holder.start),
      kind: object.kind,
      name: object.metadata.name,
      form,
      notes,
    })),
  }));
  const files = changes.map(({ file, before, diff }) => ({ file, isNew: before === undefined, diff }));
  const report = { written: isWritten, configs, refusals, faults, decisions, files, unreadable };
  return `${JSON.stringify(report, undefined, 2)}\n`;
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

function count(amount: number, noun: string): string {
  return `${String(amount)} ${noun}${amount === 1 ? '' : 's'}`;
}
