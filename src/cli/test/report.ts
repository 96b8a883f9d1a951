/** What a run of decision tests came to: the same for text, JUnit and JSON. */
import type { CaseResult, Coverage } from '../../decision-tests/model.ts';
import type { FileError } from '../documents.ts';

export interface ReportedCase extends CaseResult {
  readonly line: number;
}

export interface ReportedTest {
  readonly name: string;
  readonly file: string;
  readonly config: string;
  readonly cases: readonly ReportedCase[];
}

export interface Report {
  readonly tests: readonly ReportedTest[];
  readonly coverage: readonly Coverage[];
  /** What could not be read or decided. */
  readonly errors: readonly FileError[];
}

export function counts({ tests }: Report): { readonly passed: number; readonly failed: number } {
  const cases = tests.flatMap((test) => test.cases);
  const passed = cases.filter((each) => each.passed).length;
  return { passed, failed: cases.length - passed };
}

/** 2 where something could not be read, 1 where a case failed. */
export function exitCodeOf(report: Report): 0 | 1 | 2 {
  return report.errors.length > 0 ? 2 : counts(report).failed > 0 ? 1 : 0;
}
