import { counts, type Report } from './report.ts';

/** For programs. */
export function formatJson(report: Report): string {
  const { passed, failed } = counts(report);
  const tests = report.tests.map(({ name, file, config, cases }) => ({
    name,
    file,
    config,
    cases: cases.map((each) => ({
      name: each.name,
      line: each.line,
      passed: each.passed,
      expected: each.expected,
      actual: each.actual,
      policies: each.policies,
      errors: each.errors,
      why: each.why,
    })),
  }));
  return `${JSON.stringify({ passed, failed, tests, coverage: report.coverage, errors: report.errors }, undefined, 2)}\n`;
}
