/** SARIF 2.1.0 (OASIS), with what code-scanning services ask for: relative paths, rules with help, fingerprints. */
import { createHash } from 'node:crypto';
import type { Report, ReportedFinding } from '../check/report.ts';

export interface SarifRule {
  readonly id: string;
  readonly title: string;
  /** Below docs/. */
  readonly page: string;
}

export interface SarifOptions {
  readonly version: string;
  /** Of the project; pages of rules stand below it. */
  readonly homepage: string;
  readonly rules: readonly SarifRule[];
}

const LEVELS = { deny: 'error', warn: 'warning' } as const;

export function sarifReport(report: Report, { version, homepage, rules }: SarifOptions): string {
  const used = rules.filter(({ id }) => report.findings.some(({ rule }) => rule === id));
  const run = {
    tool: {
      driver: {
        name: 'mcp-authz',
        semanticVersion: version,
        informationUri: homepage,
        rules: used.map(({ id, title, page }) => ({
          id,
          name: pascal(id),
          shortDescription: { text: title },
          fullDescription: { text: title },
          help: { text: title, markdown: `${title} [More](${pageOf(homepage, page)})` },
          helpUri: pageOf(homepage, page),
          properties: { tags: ['security', 'kubernetes', 'authorization'] },
        })),
      },
    },
    columnKind: 'utf16CodeUnits',
    invocations: [
      {
        executionSuccessful: report.unreadable.length === 0,
        toolExecutionNotifications: report.unreadable.map(({ file, line, message }) => ({
          level: 'error',
          message: { text: message },
          locations: [location(file, line ?? 1, 1)],
        })),
      },
    ],
    results: report.findings.map((finding) => result(finding, used)),
  };
  const log = { $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0', runs: [run] };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function result(finding: ReportedFinding, rules: readonly SarifRule[]): object {
  const { rule, level, message, file, line, column, object, path } = finding;
  const name = [object.kind, object.namespace, object.name, path].filter((part) => part !== '').join('/');
  const ruleIndex = rules.findIndex(({ id }) => id === rule);
  return {
    ruleId: rule,
    ...(ruleIndex < 0 ? {} : { ruleIndex }),
    level: LEVELS[level],
    message: { text: message },
    locations: [{ ...location(file, line, column), logicalLocations: [{ fullyQualifiedName: name, kind: 'object' }] }],
    // Without the line: an alert stays the same one when something above it moves.
    partialFingerprints: { 'mcpAuthz/v1': fingerprint([rule, file, name, finding.reason]) },
  };
}

function location(file: string, startLine: number, startColumn: number): object {
  return { physicalLocation: { artifactLocation: { uri: uriOf(file) }, region: { startLine, startColumn } } };
}

/** Relative to the working folder, with forward slashes. */
function uriOf(file: string): string {
  return file === '-'
    ? 'stdin'
    : file.replaceAll('\\', '/').replace(/^\.\//, '').split('/').map(encodeURIComponent).join('/');
}

function fingerprint(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 32);
}

function pageOf(homepage: string, page: string): string {
  return `${homepage}/blob/main/docs/${page}`;
}

function pascal(id: string): string {
  return id.replaceAll(/(?:^|-)(\w)/g, (_match, letter: string) => letter.toUpperCase());
}
