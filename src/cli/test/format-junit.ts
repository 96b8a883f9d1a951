/** JUnit's XML, as CI servers read it: a suite for each test, a testcase for each case. */
import { counts, type Report, type ReportedCase, type ReportedTest } from './report.ts';

export function formatJunit(report: Report): string {
  const { passed, failed } = counts(report);
  const errors = report.errors.map(
    ({ file, line, message }) =>
      `    <testcase${attributes({ name: file, classname: 'files' })}>\n      <error${attributes({ message: `${file}${line === undefined ? '' : `:${String(line)}`}: ${message}` })}/>\n    </testcase>`,
  );
  const suites = [
    ...report.tests.map(suite),
    ...(errors.length > 0
      ? [
          `  <testsuite${attributes({ name: 'files', tests: errors.length, failures: 0, errors: errors.length })}>\n${errors.join('\n')}\n  </testsuite>`,
        ]
      : []),
  ];
  const totals = { tests: passed + failed + errors.length, failures: failed, errors: errors.length };
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${attributes(totals)}>\n${suites.map((each) => `${each}\n`).join('')}</testsuites>\n`;
}

function suite({ name, file, config, cases }: ReportedTest): string {
  const failures = cases.filter(({ passed }) => !passed).length;
  const head = attributes({ name, file, tests: cases.length, failures, errors: 0 });
  return `  <testsuite${head}>\n${cases.map((each) => testcase(each, file, config)).join('\n')}\n  </testsuite>`;
}

function testcase({ name, line, passed, expected, actual, why }: ReportedCase, file: string, config: string): string {
  const head = `    <testcase${attributes({ name, classname: config, file, line })}`;
  if (passed) {
    return `${head}/>`;
  }
  const message = attributes({ message: `expected ${expected}, got ${actual}`, type: 'decision' });
  return `${head}>\n      <failure${message}>${escaped(`${file}:${String(line)}: ${why}`)}</failure>\n    </testcase>`;
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escaped(String(value))}"`)
    .join('');
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Characters that XML 1.0 cannot hold, escaped or not, become U+FFFD. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"]/g, (character) => ENTITIES[character] ?? '')
    .replace(/[\t\n\r]/g, (character) => `&#${String(character.charCodeAt(0))};`);
}
