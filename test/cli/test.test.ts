import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { testCommand } from '../../src/cli/test/command.ts';
import { FORMATS } from '../../src/cli/test/formats.ts';
import { exitCodeOf } from '../../src/cli/test/report.ts';
import { runTests } from '../../src/cli/test/run.ts';
import { watchPaths } from '../../src/cli/test/watch.ts';

const CONFIG = `apiVersion: toolhive.stacklok.dev/v1beta1
kind: MCPAuthzConfig
metadata: {name: shared}
spec:
  type: cedarv1
  config:
    policies:
      - 'permit(principal, action, resource == Tool::"weather");'
      - 'forbid(principal == Client::"mallory", action, resource);'
      - 'permit(principal in THVGroup::"ops", action, resource) when { principal.claim_email like "*@corp" };'
`;
const TEST = `apiVersion: authz.toolhive.stacklok.dev/v1alpha1
kind: DecisionTest
metadata: {name: weather}
spec:
  config: {name: shared}
  cases:
    - name: everybody may ask for the weather
      claims: {sub: alice}
      call: {feature: tool, operation: call, id: weather}
      expect: allow
    - name: but not mallory
      claims: {sub: mallory}
      call: {id: weather}
      expect: deny
`;
const WRONG = `    - name: alice may delete
      claims: {sub: alice}
      call: {id: delete_repo, args: {force: true}}
      expect: allow
    - name: ops without email
      claims: {sub: bob, groups: [ops]}
      call: {id: "weather"}
      expect: allow
    - name: mallory may
      claims: {sub: mallory}
      call: {id: weather, server: other}
      expect: allow
    - name: alice may not
      claims: {sub: alice}
      call: {id: weather}
      expect: deny
`;

const folders: string[] = [];
afterAll(() => {
  folders.forEach((folder) => {
    rmSync(folder, { recursive: true });
  });
});

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'decision-tests-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

function textOf(files: Readonly<Record<string, string>>): { readonly text: string; readonly code: number } {
  const folder = folderWith(files);
  const report = runTests([folder]);
  return { text: FORMATS.text(report).replaceAll(`${folder}/`, ''), code: exitCodeOf(report) };
}

describe('mcp-authz test', () => {
  it('passes, and tells what no case made decide', () => {
    expect(textOf({ 'a/config.yaml': CONFIG, 'a/tests/weather.yaml': TEST })).toEqual({
      code: 0,
      text: `shared: 2 of 3 policies decided a case
  never: policies[2]: permit(principal in THVGroup::"ops", action, resource) when { principal.claim_email like "*@corp" };
2 passed, 0 failed
`,
    });
  });

  it('tells of each failure which policy decided, and why', () => {
    expect(textOf({ 'all.yaml': `${CONFIG}---\n${TEST}${WRONG}` })).toEqual({
      code: 1,
      text: `FAIL weather: alice may delete
  all.yaml:26: expected allow, got deny
  no policy permits it: policies[0] is about another resource; policies[2] is about another principal
FAIL weather: ops without email
  all.yaml:30: expected allow, got deny
  denied by an error: while evaluating policy \`policy2\`: \`Client::"bob"\` does not have the attribute \`claim_email\` (policies[2]: permit(principal in THVGroup::"ops", action, resource) when { principal.claim_email like "*@corp" };)
FAIL weather: mallory may
  all.yaml:34: expected allow, got deny
  forbidden by policies[1]: forbid(principal == Client::"mallory", action, resource);
FAIL weather: alice may not
  all.yaml:38: expected deny, got allow
  permitted by policies[0]: permit(principal, action, resource == Tool::"weather");
shared: 3 of 3 policies decided a case
2 passed, 4 failed
`,
    });
  });

  it.each<[string, Readonly<Record<string, string>>, string]>([
    ['a config that is not there', { 't.yaml': TEST }, 't.yaml:5: there is no MCPAuthzConfig "shared" in these files'],
    [
      'two of its name',
      { 'c.yaml': `${CONFIG}---\n${CONFIG}`, 't.yaml': TEST },
      't.yaml:5: there are 2 MCPAuthzConfigs "shared" (c.yaml:1, c.yaml:12): give a namespace',
    ],
    ['YAML that does not parse', { 't.yaml': `${TEST}\n  "` }, 't.yaml:16: '],
    [
      'no expectation',
      { 'c.yaml': CONFIG, 't.yaml': TEST.replace('expect: deny', 'expect: no') },
      't.yaml:14: "expect" must be allow or deny',
    ],
    [
      'a misspelt key',
      { 'c.yaml': CONFIG, 't.yaml': TEST.replace('claims: {sub: mallory}', 'claim: {sub: mallory}') },
      't.yaml:12: "claim" is no key of a case; there are name, claims,',
    ],
    [
      'a call that is none',
      { 'c.yaml': CONFIG, 't.yaml': TEST.replace('{id: weather}', '[weather]') },
      't.yaml:13: a case needs a call',
    ],
    [
      'a call of nothing',
      { 'c.yaml': CONFIG, 't.yaml': TEST.replace('{id: weather}', '{}') },
      't.yaml:13: "id" must be a string',
    ],
    [
      'no cases',
      { 'c.yaml': CONFIG, 't.yaml': TEST.replace(/cases:[^]*/, 'cases: []\n') },
      't.yaml:6: spec.cases must be a list',
    ],
    [
      'no config',
      { 'c.yaml': CONFIG, 't.yaml': TEST.replace('{name: shared}', '{}') },
      't.yaml:5: spec.config must have either',
    ],
    ['a file that is not there', { 't.yaml': TEST.replace('{name: shared}', '{file: x.yaml}') }, 'x.yaml: ENOENT'],
    [
      'a config that asks somebody else',
      { 't.yaml': TEST, 'c.yaml': CONFIG.replace('cedarv1', 'httpv1') },
      't.yaml:5: shared: a config of type httpv1',
    ],
    ['nothing at all', { 'other.yaml': 'a: {{ helm }}\n' }, 'there is no DecisionTest in it'],
  ])('cannot read %s', (_name, files, expected) => {
    const { text, code } = textOf(files);
    expect(text).toContain(`error: `);
    expect(text).toContain(expected);
    expect(code).toBe(2);
  });

  it.each([
    ['an MCPAuthzConfig', CONFIG],
    [
      'the content of spec.config',
      JSON.stringify({ policies: ['permit(principal == Client::"alice", action, resource);'] }),
    ],
  ])('takes a config from a file of its own: %s', (_form, text) => {
    const test = TEST.replace('{name: shared}', '{file: ../config.yaml}');
    expect(textOf({ 'deploy/config.yaml': text, 'deploy/tests/t.yaml': test })).toMatchObject({ code: 0 });
  });

  it('keeps namespaces apart', () => {
    const other = CONFIG.replace('{name: shared}', '{name: shared, namespace: b}').replace('permit(', 'forbid(');
    const mine = CONFIG.replace('{name: shared}', '{name: shared, namespace: a}');
    const test = TEST.replace('{name: weather}', '{name: weather, namespace: a}');
    expect(textOf({ 'a.yaml': mine, 'b.yaml': other, 't.yaml': test })).toMatchObject({ code: 0 });
  });

  it('is told what a policy of a VirtualMCPServer needs: annotations, upstream claims, prompts and resources', () => {
    const config = CONFIG.replace(
      / {6}- [^]*/,
      `      - 'permit(principal == Client::"up", action, resource is Tool) when { resource.readOnlyHint };'
      - 'permit(principal, action == Action::"get_prompt", resource == Prompt::"p");'
    primary_upstream_provider: github
`,
    );
    const cases = `cases:
    - {name: tool, upstream: {github: {sub: up}}, claims: {sub: a}, annotations: {readOnlyHint: true}, call: {id: x}, expect: allow}
    - {name: prompt, upstream: {github: {sub: b}}, claims: {sub: a}, call: {feature: prompt, id: p}, expect: allow}
`;
    expect(textOf({ 'c.yaml': config, 't.yaml': TEST.replace(/cases:[^]*/, cases) })).toMatchObject({ code: 0 });
  });
});

describe('reports', () => {
  const report = (): ReturnType<typeof runTests> =>
    runTests([
      folderWith({ 'all.yaml': `${CONFIG}---\n${TEST}${WRONG}`.replace('alice may not', 'a "<b>" & \\u0001') }),
    ]);

  it('is well-formed JUnit, whatever the names hold', () => {
    const xml = FORMATS.junit(report());
    expect(xml).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?>\n<testsuites tests="6" failures="4" errors="0">\n/);
    expect(xml).toContain('<testcase name="everybody may ask for the weather" classname="shared" file="');
    expect(xml).toContain('<failure message="expected allow, got deny" type="decision">');
    expect(xml).toContain('name="a &quot;&lt;b&gt;&quot; &amp; ');
    const tags = [...xml.matchAll(/<(\/?)(\w+)(?:\s+[\w]+="[^"<]*")*(\/?)>/g)].filter(([, , , self]) => self === '');
    const open: string[] = [];
    for (const [, closing, name = ''] of tags) {
      expect(closing === '/' ? open.pop() : open.push(name) && name).toBe(name);
    }
    expect(open).toEqual([]);
  });

  it('is JSON with the line, the policies and the reason of each case', () => {
    expect(JSON.parse(FORMATS.json(report()))).toMatchObject({
      passed: 2,
      failed: 4,
      errors: [],
      coverage: [{ config: 'shared', policies: 3, uncovered: [] }],
      tests: [
        {
          name: 'weather',
          config: 'shared',
          cases: [{ passed: true, policies: [0], line: 18 }, {}, {}, {}, { policies: [1] }, {}],
        },
      ],
    });
  });
});

describe('the command', () => {
  it('reports, sets the exit code, and runs again when a file changes', async () => {
    const folder = folderWith({ 'c.yaml': CONFIG, 't.yaml': TEST });
    const written: string[] = [];
    const codes: number[] = [];
    let stop: (signal: string) => void = () => undefined;
    const untilSignal = (): Promise<string> => new Promise((resolve) => (stop = resolve));
    const again = Promise.withResolvers<undefined>();
    const command = testCommand({
      write: (text) => {
        written.push(text);
        if (written.length === 2) {
          again.resolve(undefined);
        }
      },
      setExitCode: (code) => void codes.push(code),
      untilSignal,
    });
    const running = new Command().addCommand(command).parseAsync(['test', '-f', folder, '-w'], { from: 'user' });
    // Again and again, because nothing tells when the folder is watched.
    const touch = setInterval(() => {
      writeFileSync(join(folder, 't.yaml'), `${TEST}${WRONG}`);
    }, 300);
    await again.promise;
    clearInterval(touch);
    stop('SIGINT');
    await running;
    expect(codes.slice(0, 2)).toEqual([0, 1]);
    expect(written[1]).toContain('2 passed, 4 failed');
  });

  it('is not set off by what is no manifest, such as its own report', async () => {
    const folder = folderWith({ 'c.yaml': CONFIG });
    const { promise, resolve } = Promise.withResolvers<readonly string[]>();
    const watching = watchPaths(
      [folder],
      () => {
        resolve(readdirSync(folder));
      },
      1,
    );
    // Again and again, because nothing tells when the folder is watched.
    let rounds = 0;
    const touch = setInterval(() => {
      rounds += 1;
      writeFileSync(join(folder, rounds > 5 ? 'later.yaml' : 'report.xml'), String(rounds));
    }, 50);
    expect(await promise).toContain('later.yaml');
    clearInterval(touch);
    watching.close();
  });

  it('watches only until it is closed', async () => {
    const folder = folderWith({ 'c.yaml': CONFIG });
    let changes = 0;
    watchPaths([folder], () => (changes += 1), 1).close();
    writeFileSync(join(folder, 'd.yaml'), CONFIG);
    await new Promise((resolve) => setImmediate(resolve));
    expect(changes).toBe(0);
  });
});
