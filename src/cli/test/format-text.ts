import { policyLine } from '../../authorizers/index.ts';
import type { FileError } from '../documents.ts';
import { oneLine } from '../one-line.ts';
import { counts, type Report } from './report.ts';

/** For people: what failed and why, what was never decided, and a count. */
export function formatText(report: Report): string {
  const { passed, failed } = counts(report);
  const failures = report.tests.flatMap(({ name, file, cases }) =>
    cases
      .filter((each) => !each.passed)
      .flatMap((each) => [
        `FAIL ${name}: ${each.name}`,
        `  ${file}:${String(each.line)}: expected ${each.expected}, got ${each.actual}`,
        `  ${oneLine(each.why)}`,
      ]),
  );
  const coverage = report.coverage.flatMap(({ config, policies, uncovered }) => [
    `${config}: ${String(policies - uncovered.length)} of ${String(policies)} policies decided a case`,
    ...uncovered.map(({ index, text }) => `  never: ${oneLine(policyLine(index, text))}`),
  ]);
  const totals = `${String(passed)} passed, ${String(failed)} failed`;
  const errors = report.errors.length === 0 ? '' : `, ${String(report.errors.length)} unreadable`;
  return `${[...report.errors.map(formatError), ...failures, ...coverage, `${totals}${errors}`].join('\n')}\n`;
}

export function formatError({ file, line, message }: FileError): string {
  return `error: ${file}${line === undefined ? '' : `:${String(line)}`}: ${oneLine(message)}`;
}
