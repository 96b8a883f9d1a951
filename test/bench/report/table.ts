import { met, type Row } from './row.ts';

const HEADINGS = ['what', 'measured', 'target', 'met', 'for orientation'] as const;

/** For a terminal: columns in line. */
export function plainTable(rows: readonly Row[]): string {
  const cells = [HEADINGS, ...rows.map(cellsOf)];
  const widths = HEADINGS.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function markdownTable(rows: readonly Row[]): string {
  const lines = [[...HEADINGS], HEADINGS.map(() => '---'), ...rows.map(cellsOf)];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function cellsOf(row: Row): readonly string[] {
  const { what, measured, unit, target, detail } = row;
  const verdict = met(row);
  return [
    what,
    figure(measured, unit),
    target === undefined ? '' : `${target.sense} ${figure(target.value, unit)}`,
    verdict === undefined ? '' : verdict ? 'yes' : 'no',
    detail,
  ];
}

function figure(value: number, unit: Row['unit']): string {
  const text = Number.isFinite(value) ? shortest(value) : 'none';
  return unit === 'x' ? `${text} x` : `${text} ${unit}`;
}

/** Three digits that mean something. */
export function shortest(value: number): string {
  const size = Math.abs(value);
  return size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : value.toFixed(2);
}
