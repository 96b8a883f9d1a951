import { countOf, type Report } from '../check/report.ts';

/** The interface for other programs: fields are only ever added. */
export function jsonReport(report: Report): string {
  const findings = report.findings.map(({ file, line, object, rule, level, path, reason, message }) => ({
    file,
    line,
    object,
    rule,
    level,
    path,
    reason,
    message,
  }));
  const summary = {
    objects: report.checked.length,
    denied: countOf(report, 'deny'),
    warned: countOf(report, 'warn'),
  };
  return `${JSON.stringify({ findings, summary }, null, 2)}\n`;
}
