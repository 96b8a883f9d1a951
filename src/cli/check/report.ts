/** What a check found, as plain data: every output format is made from it. */
import type { Unreadable } from './source.ts';

export interface ReportedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface ReportedFinding {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  readonly column: number;
  readonly object: ReportedObject;
  readonly rule: string;
  readonly level: 'deny' | 'warn';
  readonly path: string;
  readonly reason: string;
  /** What the webhook would say, with the excerpt of a policy below it where there is one. */
  readonly message: string;
  /** The line of the file. */
  readonly source: string;
}

export interface CheckedObject {
  readonly file: string;
  readonly line: number;
  readonly object: ReportedObject;
}

export interface Report {
  /** By file, line, then as the engine sorts them. */
  readonly findings: readonly ReportedFinding[];
  readonly checked: readonly CheckedObject[];
  readonly unreadable: readonly Unreadable[];
}

export function countOf(report: Report, level: ReportedFinding['level']): number {
  return report.findings.filter((finding) => finding.level === level).length;
}
