/** For people: grouped by file, with the line in question. */
import { countOf, type Report, type ReportedFinding } from '../check/report.ts';

export interface Paint {
  readonly file: (text: string) => string;
  readonly deny: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly faint: (text: string) => string;
}

export const PLAIN: Paint = { file: same, deny: same, warn: same, faint: same };

function same(text: string): string {
  return text;
}

export interface TextReportOptions {
  readonly paint: Paint;
  /** Whether what is not among the files was taken as unknown: then a word on how to say otherwise helps. */
  readonly openWorld: boolean;
}

export function textReport(report: Report, { paint, openWorld }: TextReportOptions): string {
  const files = [...new Set(report.findings.map(({ file }) => file))];
  const groups = files.map((file) => {
    const findings = report.findings.filter((finding) => finding.file === file);
    return `${paint.file(file)}\n${findings.map((finding) => entry(finding, paint)).join('\n')}\n`;
  });
  const unknown = openWorld && report.findings.some(({ reason }) => UNKNOWN.has(reason));
  const hint = unknown ? paint.faint(OPEN_WORLD_HINT) : '';
  return `${[...groups, summary(report, paint)].join('\n')}${hint}`;
}

const UNKNOWN = new Set(['ReferenceUnknown', 'ReferrersUnknown']);
const OPEN_WORLD_HINT =
  'What is not among the files is unknown; with --closed-world the files are taken as all there is.\n';

const LINE_WIDTH = 100;

function entry({ line, column, level, object, path, message, source, rule }: ReportedFinding, paint: Paint): string {
  const head = `${String(line)}:${String(column)}`.padEnd(8);
  const place = path === '' ? '' : ` ${path}`;
  const [first = '', ...more] = message.split('\n');
  const shown = source.trim().slice(0, LINE_WIDTH);
  return [
    `  ${paint.faint(head)}${paint[level](level)}  ${object.kind} "${object.name}"${place}  ${paint.faint(`[${rule}]`)}`,
    ...(shown === '' ? [] : [`          ${paint.faint(`| ${shown}`)}`]),
    `          ${first}`,
    ...more.map((text) => `            ${text}`),
  ].join('\n');
}

function summary(report: Report, paint: Paint): string {
  const denied = countOf(report, 'deny');
  const warned = countOf(report, 'warn');
  const parts = [
    `${count(report.checked.length, 'object')} checked`,
    ...(denied === 0 ? ['nothing denied'] : [paint.deny(`${String(denied)} denied`)]),
    ...(warned === 0 ? [] : [paint.warn(count(warned, 'warning'))]),
  ];
  return `${parts.join(', ')}.\n`;
}

function count(number: number, noun: string): string {
  return `${String(number)} ${noun}${number === 1 ? '' : 's'}`;
}
