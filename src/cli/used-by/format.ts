import { GROUP } from '../../api/toolhive.ts';
import { oneLine } from '../one-line.ts';
import type { FoundReferrer, UsedBy } from './used-by.ts';

export const FORMATS: Readonly<Record<'text' | 'json' | 'name', (usedBy: UsedBy) => string>> = {
  text: formatText,
  json: (usedBy) => `${JSON.stringify(usedBy, undefined, 2)}\n`,
  // As `kubectl get -o name` writes them, so that kubectl takes them.
  name: ({ referrers }) => referrers.map(({ kind, name }) => `${kind.toLowerCase()}.${GROUP}/${name}\n`).join(''),
};

function formatText({ namespace, name, exists, referrers }: UsedBy): string {
  const config = `MCPAuthzConfig "${name}" in namespace "${namespace}"`;
  const missing = exists ? '' : `${config} does not exist${referrers.length === 0 ? '' : ', and is referred to'}.\n`;
  const unused = exists && referrers.length === 0 ? `No workload refers to ${config}.\n` : '';
  return oneLineEach(missing + unused) + table(referrers);
}

function oneLineEach(text: string): string {
  return text.replace(/[^\n]+/g, oneLine);
}

function table(referrers: readonly FoundReferrer[]): string {
  if (referrers.length === 0) {
    return '';
  }
  const rows = [
    ['KIND', 'NAME', ...(referrers[0]?.file === undefined ? [] : ['FILE'])],
    ...referrers.map(({ kind, name, file, line }) => [
      kind,
      oneLine(name),
      ...(file === undefined ? [] : [`${oneLine(file)}:${String(line)}`]),
    ]),
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)) + 3);
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('')
          .trimEnd()}\n`,
    )
    .join('');
}
