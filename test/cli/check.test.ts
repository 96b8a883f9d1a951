/** `mcp-authz check` as its users meet it: files in, a report and an exit code out. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCheck, withFiles, type CliRun } from '../support/cli.ts';

const CONFIG = `apiVersion: toolhive.stacklok.dev/v1beta1
kind: MCPAuthzConfig
metadata: { name: shared }
spec:
  type: cedarv1
  config:
    policies:
      - permit(principal, action == Action::"call_tool", resource == Tool::"weather");
`;

const BROKEN = CONFIG.replace('"weather");', '"weather")');

const SERVER = `apiVersion: toolhive.stacklok.dev/v1beta1
kind: MCPServer
metadata: { name: weather }
spec:
  image: example.com/weather:1
  oidcConfigRef: { name: corporate, audience: tools }
  authzConfigRef: { name: shared }
`;

interface JsonReport {
  readonly findings: readonly Record<string, unknown>[];
  readonly summary: unknown;
}

function json(run: CliRun): JsonReport {
  return JSON.parse(run.output) as JsonReport;
}

/** Each finding as `file:line rule level path`. */
function lines(run: CliRun): readonly string[] {
  return json(run).findings.map(
    ({ file, line, rule, level, path }) =>
      `${String(file).split('/').at(-1) ?? ''}:${String(line)} ${String(rule)} ${String(level)} ${String(path)}`,
  );
}

async function checkFiles(files: Readonly<Record<string, string>>, ...args: string[]): Promise<CliRun> {
  return withFiles(files, (folder) => runCheck(['-f', folder, '-o', 'json', ...args]));
}

describe('the files', () => {
  it('may be folders, named files, standard input, and are asked once', async () => {
    const run = await withFiles({ 'a.yaml': CONFIG, 'b.yml': SERVER, 'notes.txt': '{' }, (folder) =>
      runCheck(['-f', folder, '-f', join(folder, 'a.yaml'), '-o', 'json']),
    );
    expect(json(run)).toEqual({ findings: [], summary: { objects: 2, denied: 0, warned: 0 } });
    expect(run.exitCode).toBe(0);
    const piped = await runCheck(['-', '-o', 'json'], SERVER);
    expect(lines(piped)).toEqual(['-:7 reference warn spec.authzConfigRef']);
  });

  it('in folders within folders are asked with -R only', async () => {
    await withFiles({}, async (folder) => {
      mkdirSync(join(folder, 'deep/.hidden'), { recursive: true });
      writeFileSync(join(folder, 'deep/a.yaml'), BROKEN);
      writeFileSync(join(folder, 'deep/.hidden/a.yaml'), BROKEN);
      expect((await runCheck(['-f', folder])).exitCode).toBe(0);
      expect(lines(await runCheck(['-R', '-f', folder, '-o', 'json']))).toEqual([
        'a.yaml:8 authz-config deny spec.config.policies[0]',
      ]);
    });
  });

  it('may hold several documents, Lists, JSON, and objects of others', async () => {
    const list = JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: [
        { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } },
        {
          apiVersion: 'toolhive.stacklok.dev/v1alpha1',
          kind: 'MCPAuthzConfig',
          metadata: { name: 'c' },
          spec: { type: 'cedarv2', config: {} },
        },
      ],
    });
    const run = await checkFiles({ 'a.yaml': `# head\n---\n${CONFIG}---\n${BROKEN}---\n`, 'b.json': list });
    expect(lines(run)).toEqual([
      'a.yaml:19 authz-config deny spec.config.policies[0]',
      'b.json:1 authz-config deny spec.type',
    ]);
    expect(json(run).summary).toEqual({ objects: 3, denied: 2, warned: 0 });
  });

  it('are YAML as kubectl reads it: yes is true, a date is text, 1.0 is no int', async () => {
    const config = (timeout: string): string => `apiVersion: toolhive.stacklok.dev/v1beta1
kind: MCPAuthzConfig
metadata: { name: pdp, labels: { since: 2026-01-01 } }
spec:
  type: httpv1
  config:
    http: { url: "https://pdp.example.com", timeout: ${timeout}, insecure_skip_verify: no }
    claim_mapping: standard
`;
    expect(lines(await checkFiles({ 'a.yaml': config('5') }))).toEqual([]);
    expect(lines(await checkFiles({ 'a.yaml': config('5.0') }))).toEqual([
      'a.yaml:7 authz-config deny spec.config.http.timeout',
    ]);
  });

  it('may give a key twice: the last counts, as for kubectl, and that is told', async () => {
    const twice = CONFIG.replace('  type: cedarv1', '  type: opav1\n  type: cedarv1');
    const run = await checkFiles({ 'a.yaml': twice, 'b.json': '{"type":"x","version":"1.0","type":"opav1"}' });
    expect(json(run).findings.map(({ file, line, level, reason }) => [file, line, level, reason])).toEqual([
      [expect.stringMatching(/a\.yaml$/), 6, 'warn', 'RepeatedKey'],
      [expect.stringMatching(/b\.json$/), 1, 'deny', 'UnknownType'],
      [expect.stringMatching(/b\.json$/), 1, 'warn', 'RepeatedKey'],
    ]);
  });

  it('that cannot be read are told with their line, beside what the others hold', async () => {
    const run = await checkFiles({ 'a.yaml': 'kind: [', 'b.yaml': BROKEN, 'c.yaml': 'a: *b\n' });
    expect(run.exitCode).toBe(2);
    expect(lines(run)).toEqual(['b.yaml:8 authz-config deny spec.config.policies[0]']);
    expect(run.errors).toMatch(/a\.yaml:1: /);
    expect(run.errors).toMatch(/c\.yaml: there is no anchor "b"/);
    const missing = await runCheck(['-f', 'no/such/file.yaml']);
    expect([missing.exitCode, missing.errors]).toEqual([
      2,
      'error: no/such/file.yaml: there is no such file or folder\n',
    ]);
  });

  it('with an object of ours that is none', async () => {
    const run = await checkFiles({ 'a.yaml': 'apiVersion: toolhive.stacklok.dev/v1beta1\nkind: MCPServer\n' });
    expect([run.exitCode, run.errors]).toEqual([
      2,
      expect.stringMatching(/a\.yaml:1: "metadata" is missing or not an object\n$/),
    ]);
  });

  it('cannot hang it by aliases', async () => {
    const bomb = Array.from({ length: 20 }, (_, i) =>
      i === 0 ? 'a0: &a0 [x, x]' : `a${String(i)}: &a${String(i)} [*a${String(i - 1)}, *a${String(i - 1)}]`,
    ).join('\n');
    const run = await checkFiles({ 'a.yaml': bomb });
    expect([run.exitCode, run.errors]).toEqual([2, expect.stringMatching(/alias/i)]);
  });
});

describe('references', () => {
  it('are resolved among the files, within their namespace', async () => {
    expect(lines(await checkFiles({ 'a.yaml': SERVER, 'b.yaml': CONFIG }))).toEqual([]);
    const elsewhere = CONFIG.replace('name: shared', 'name: shared, namespace: other');
    expect(lines(await checkFiles({ 'a.yaml': SERVER, 'b.yaml': elsewhere }))).toEqual([
      'a.yaml:7 reference warn spec.authzConfigRef',
    ]);
    expect(lines(await checkFiles({ 'a.yaml': SERVER, 'b.yaml': elsewhere }, '-n', 'other'))).toEqual([]);
  });

  it('to nothing are unknown, or absent where the files are everything', async () => {
    const open = await checkFiles({ 'a.yaml': SERVER });
    expect(json(open).findings[0]).toMatchObject({
      level: 'warn',
      reason: 'ReferenceUnknown',
      message: 'MCPAuthzConfig "shared" could not be looked up: it is not among the files.',
    });
    expect(open.exitCode).toBe(0);
    const closed = await checkFiles({ 'a.yaml': SERVER }, '--closed-world');
    expect(json(closed).findings[0]).toMatchObject({ level: 'warn', reason: 'ReferenceNotFound' });
    const denied = await checkFiles({ 'a.yaml': SERVER }, '--closed-world', '--missing-reference', 'Deny');
    expect([json(denied).findings[0]?.['level'], denied.exitCode]).toEqual(['deny', 1]);
  });

  it('to a broken config are refused with it', async () => {
    expect(lines(await checkFiles({ 'a.yaml': SERVER, 'b.yaml': BROKEN }))).toEqual([
      'a.yaml:7 reference deny spec.authzConfigRef',
      'b.yaml:8 authz-config deny spec.config.policies[0]',
    ]);
  });
});

describe("the proxy's own file", () => {
  it.each([
    [
      '{"version":"1.0","type":"cedarv1","cedar":{"policies":["permit(principal, action, resource);"],"x":1}}',
      0,
      ['authz.json:1 cedar-lint warn cedar.policies[0]', 'authz.json:1 cedar-lint warn cedar.x'],
    ],
    [
      '{"version":"1.0","type":"cedarv1","cedar":{"policies":["permit(principal, action, resource)"]}}',
      1,
      ['authz.json:1 authz-config deny cedar.policies[0]'],
    ],
    [
      '{"version":"1.0","type":"httpv1","pdp":{"http":{"url":"ftp://x"},"claim_mapping":"mpe"}}',
      1,
      ['authz.json:1 authz-config deny pdp.http.url'],
    ],
    ['{"version":"1.0","type":"cedar","cedar":{}}', 1, ['authz.json:1 authz-config deny type']],
    ['{"version":"1.0","type":"cedarv1"}', 1, ['authz.json:1 authz-config deny cedar']],
    ['{"name":"something","version":"1.0.0"}', 0, []],
  ])('%s', async (text, exitCode, expected) => {
    const run = await checkFiles({ 'authz.json': text });
    expect([lines(run), run.exitCode]).toEqual([expected, exitCode]);
  });
});

describe('a change', () => {
  it('is judged against what is stored, deletions too', async () => {
    const files = { 'old.yaml': `${CONFIG}---\n${SERVER}`, 'new.yaml': SERVER, 'other.yaml': CONFIG };
    const [kept, gone] = await withFiles(files, async (folder) => [
      await runCheck(['-f', join(folder, 'old.yaml'), '--old', join(folder, 'old.yaml'), '-o', 'json']),
      await runCheck(['-f', join(folder, 'new.yaml'), '--old', join(folder, 'old.yaml'), '-o', 'json']),
    ]);
    expect(lines(kept)).toEqual([]);
    expect(json(gone).findings).toEqual([
      expect.objectContaining({ rule: 'deletion-protection', level: 'deny', reason: 'ReferencedByWorkloads' }),
    ]);
  });

  it('is not blamed for what was wrong before', async () => {
    const files = { 'old.yaml': BROKEN, 'new.yaml': BROKEN.replace('config:', 'config:\n    group_claim_name: g') };
    const run = await withFiles(files, (folder) =>
      runCheck(['-f', join(folder, 'new.yaml'), '--old', join(folder, 'old.yaml'), '-o', 'json']),
    );
    expect(run.exitCode).toBe(0);
    expect(json(run).findings.map(({ level, reason }) => [level, reason])).toEqual([
      ['warn', 'ReferrersUnknown'],
      ['warn', 'PolicySyntax'],
    ]);
  });
});

describe('the report', () => {
  const files = { 'a.yaml': SERVER.replace('authzConfigRef', 'authzConfigref'), 'b & <c>.yaml': BROKEN };

  it('as JSON has the documented fields and no others', async () => {
    const run = await checkFiles(files);
    expect(Object.keys(json(run))).toEqual(['findings', 'summary']);
    expect(json(run).findings[0]).toEqual({
      file: expect.stringMatching(/a\.yaml$/) as string,
      line: 7,
      object: { apiVersion: 'toolhive.stacklok.dev/v1beta1', kind: 'MCPServer', namespace: 'default', name: 'weather' },
      rule: 'unknown-field',
      level: 'deny',
      path: 'spec.authzConfigref',
      reason: 'UnknownField',
      message:
        'MCPServer has no field "authzConfigref" here: it is dropped and has no effect. Did you mean "authzConfigRef"?',
    });
    expect(json(run).summary).toEqual({ objects: 2, denied: 2, warned: 0 });
  });

  it('as text names file, line, object, field and rule, shows the line, and counts', async () => {
    const run = await withFiles(files, async (folder) => {
      const { output, exitCode } = await runCheck(['-f', folder]);
      return { output: output.replaceAll(`${folder}/`, ''), exitCode };
    });
    expect(run.exitCode).toBe(1);
    expect(run.output).toBe(`a.yaml
  7:3     deny  MCPServer "weather" spec.authzConfigref  [unknown-field]
          | authzConfigref: { name: shared }
          MCPServer has no field "authzConfigref" here: it is dropped and has no effect. Did you mean "authzConfigRef"?

b & <c>.yaml
  8:9     deny  MCPAuthzConfig "shared" spec.config.policies[0]  [authz-config]
          | - permit(principal, action == Action::"call_tool", resource == Tool::"weather")
          line 1, column 78: unexpected end of input; expected \`;\` or identifier
            permit(principal, action == Action::"call_tool", resource == Tool::"weather")
                                                                                         ^

2 objects checked, 2 denied.
`);
  });

  it('as SARIF 2.1.0 has what code scanning asks for', async () => {
    const run = await withFiles(files, (folder) => runCheck(['-f', folder, '-o', 'sarif']));
    const log = JSON.parse(run.output) as {
      version: string;
      runs: {
        tool: {
          driver: {
            name: string;
            semanticVersion: string;
            informationUri: string;
            rules: { id: string; helpUri: string }[];
          };
        };
        results: {
          ruleId: string;
          ruleIndex: number;
          level: string;
          message: { text: string };
          locations: { physicalLocation: { artifactLocation: { uri: string }; region: object } }[];
          partialFingerprints: Record<string, string>;
        }[];
      }[];
    };
    expect(log.version).toBe('2.1.0');
    const [first] = log.runs;
    const { driver } = first?.tool ?? {};
    expect(driver).toMatchObject({
      name: 'mcp-authz',
      semanticVersion: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
    });
    expect(driver?.rules.map(({ id }) => id)).toEqual(['authz-config', 'unknown-field']);
    for (const { id, helpUri } of driver?.rules ?? []) {
      expect(new URL(helpUri).pathname.endsWith(`/docs/rules/${id}.md`)).toBe(true);
    }
    expect(first?.results).toHaveLength(2);
    for (const { ruleId, ruleIndex, level, message, locations, partialFingerprints } of first?.results ?? []) {
      expect(driver?.rules[ruleIndex]?.id).toBe(ruleId);
      expect(level).toBe('error');
      expect(message.text).not.toBe('');
      expect(partialFingerprints['mcpAuthz/v1']).toMatch(/^[0-9a-f]{32}$/);
      expect(locations[0]?.physicalLocation.region).toEqual({
        startLine: expect.any(Number) as number,
        startColumn: expect.any(Number) as number,
      });
    }
    expect(first?.results[1]?.locations[0]?.physicalLocation.artifactLocation.uri).toMatch(/b%20%26%20%3Cc%3E\.yaml$/);
  });

  it('as JUnit has a suite a file, and escapes what it quotes', async () => {
    const run = await withFiles(files, (folder) => runCheck(['-f', folder, '-o', 'junit']));
    expect(run.output).toMatch(
      /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites name="mcp-authz check" tests="2" failures="2" errors="0">/,
    );
    expect(run.output).toMatch(/<testsuite name="[^"]*b &amp; &lt;c&gt;\.yaml" tests="1" failures="1" errors="0">/);
    expect(run.output).toContain('resource == Tool::&quot;weather&quot;');
  });

  it('fails from the level on that was asked for', async () => {
    const warned = { 'a.yaml': SERVER };
    expect((await checkFiles(warned, '--fail-on', 'warn')).exitCode).toBe(1);
    expect((await checkFiles(warned, '--fail-on', 'deny')).exitCode).toBe(0);
  });
});

describe('rules of your own', () => {
  const rules = join(import.meta.dirname, '../../docs/examples/custom-rules');
  const pdp = `apiVersion: toolhive.stacklok.dev/v1beta1
kind: MCPAuthzConfig
metadata: { name: pdp }
spec: { type: httpv1, config: { http: { url: "https://pdp.example.com" }, claim_mapping: standard } }
`;

  it('are asked beside the built-in ones, and have a page too', async () => {
    const run = await checkFiles({ 'a.yaml': pdp }, '--custom-rules', join(rules, 'only-cedarv1.yaml'));
    expect([lines(run), run.exitCode]).toEqual([['a.yaml:4 only-cedarv1 deny spec'], 1]);
    const sarif = await checkFiles({ 'a.yaml': pdp }, '--custom-rules', rules, '-o', 'sarif');
    expect(sarif.output).toMatch(/"helpUri": ".*\/docs\/custom-rules\.md"/);
  });

  it('that are not usable are told with their place', async () => {
    const broken =
      'apiVersion: authz.toolhive.stacklok.dev/v1alpha1\nkind: CustomRule\nmetadata: { name: reference }\n';
    await withFiles({ 'rules.yaml': broken }, async (folder) => {
      await expect(runCheck(['-f', folder, '--custom-rules', join(folder, 'rules.yaml')])).rejects.toThrow(
        /rules\.yaml:3:19: .*built-in rule/,
      );
    });
  });
});

it('wrong usage is told', async () => {
  await expect(runCheck([])).rejects.toThrow('nothing to check');
  await expect(runCheck(['-f', '.', '-o', 'xml'])).rejects.toThrow('Allowed choices are text, json, sarif, junit');
});
