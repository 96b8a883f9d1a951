/** JUnit's XML, as CI servers read it: a suite a file, a case an object, a failure a refusal. */
import type { CheckedObject, Report, ReportedFinding } from '../check/report.ts';

export function junitReport({ checked, findings, unreadable }: Report): string {
  const files = [...new Set([...checked.map(({ file }) => file), ...unreadable.map(({ file }) => file)])];
  const suites = files.map((file) => {
    const cases = checked.filter((each) => each.file === file).map((each) => testCase(each, findings));
    const errors = unreadable
      .filter((each) => each.file === file)
      .map(({ message, line }) =>
        element('testcase', { name: line === undefined ? 'read' : `line ${String(line)}`, classname: file }, [
          element('error', { message }, []),
        ]),
      );
    const failures = cases.filter(({ failed }) => failed).length;
    return {
      failures,
      errors: errors.length,
      tests: cases.length + errors.length,
      xml: element('testsuite', { name: file, tests: cases.length + errors.length, failures, errors: errors.length }, [
        ...cases.map(({ xml }) => xml),
        ...errors,
      ]),
    };
  });
  const total = (key: 'tests' | 'failures' | 'errors'): number => suites.reduce((sum, suite) => sum + suite[key], 0);
  const root = element(
    'testsuites',
    { name: 'mcp-authz check', tests: total('tests'), failures: total('failures'), errors: total('errors') },
    suites.map(({ xml }) => xml),
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root}\n`;
}

function testCase(
  { file, line, object }: CheckedObject,
  findings: readonly ReportedFinding[],
): { readonly failed: boolean; readonly xml: string } {
  const mine = findings.filter(
    (finding) =>
      finding.file === file &&
      finding.object.kind === object.kind &&
      finding.object.name === object.name &&
      finding.object.namespace === object.namespace,
  );
  const denied = mine.filter(({ level }) => level === 'deny');
  const warned = mine.filter(({ level }) => level === 'warn');
  const failures = denied.map((finding) =>
    element('failure', { message: finding.message.split('\n')[0] ?? '', type: finding.rule }, [escape(told(finding))]),
  );
  const output = warned.length === 0 ? [] : [element('system-out', {}, [escape(warned.map(told).join('\n'))])];
  return {
    failed: denied.length > 0,
    xml: element('testcase', { name: `${object.kind} ${object.name}`, classname: file, file, line }, [
      ...failures,
      ...output,
    ]),
  };
}

function told({ file, line, path, message, rule }: ReportedFinding): string {
  return `${file}:${String(line)}: ${path === '' ? '' : `${path}: `}${message} [${rule}]`;
}

function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  children: readonly string[],
): string {
  const head = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${escape(String(value))}"`)
    .join('');
  return children.length === 0 ? `<${name}${head}/>` : `<${name}${head}>${children.join('\n')}</${name}>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  '\n': '&#10;',
};

/** XML 1.0 knows no other control characters, not even escaped. */
function escape(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[<>&"\n]/g, (character) => ENTITIES[character] ?? character);
}
