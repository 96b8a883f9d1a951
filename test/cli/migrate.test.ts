/** `mcp-authz migrate` as its users meet it: files in, a diff or changed files out. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { parseAllDocuments } from 'yaml';
import { analyze, createCedar } from '../../src/authorizers/index.ts';
import { migrateCommand } from '../../src/cli/migrate/command.ts';
import { migrate } from '../../src/cli/migrate/migrate.ts';
import type { Analyze } from '../../src/cli/migrate/plan.ts';
import { withFiles, type CliRun } from '../support/cli.ts';

async function runMigrate(args: readonly string[], stdin = ''): Promise<CliRun> {
  const run = { output: '', errors: '', exitCode: undefined as number | undefined };
  const command = migrateCommand({
    write: (text) => void (run.output += text),
    writeError: (text) => void (run.errors += text),
    stdin: () => Promise.resolve(Buffer.from(stdin)),
    end: (code) => void (run.exitCode = code),
  })
    .exitOverride()
    .configureOutput({ writeErr: (text) => void (run.errors += text) });
  await command.parseAsync([...args], { from: 'user' });
  return run;
}

interface Migrated extends CliRun {
  readonly after: Readonly<Record<string, string>>;
}

async function migrated(files: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Migrated> {
  return withFiles({}, async (folder) => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const run = await runMigrate(['-f', folder, '-R', '--write', ...args]);
    const names = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
      .sort();
    const after = Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
    const local = (text: string): string =>
      text.replaceAll(`/${folder.slice(1)}/`, (_all, at: number) => (/[ab]$/.test(text.slice(0, at)) ? '/' : ''));
    return { ...run, output: local(run.output), errors: local(run.errors), after };
  });
}

const PERMIT = 'permit(principal, action, resource);';
const HEAD = 'apiVersion: toolhive.stacklok.dev/v1beta1\nkind: MCPServer\n';
const PROXY = 'apiVersion: toolhive.stacklok.dev/v1beta1\nkind: MCPRemoteProxy\n';
const GATEWAY = 'apiVersion: toolhive.stacklok.dev/v1beta1\nkind: VirtualMCPServer\n';

function inline(name: string, policy = PERMIT, namespace = 'mcp'): string {
  return `${HEAD}metadata: { name: ${name}, namespace: ${namespace} }
spec:
  image: x
  authzConfig:
    type: inline
    inline:
      policies:
        - ${policy}
`;
}

function config(name: string, policy = PERMIT): string {
  return `apiVersion: toolhive.stacklok.dev/v1beta1
kind: MCPAuthzConfig
metadata:
  name: ${name}
  namespace: mcp
spec:
  type: cedarv1
  config:
    policies:
      - ${policy}
    entities_json: "[]"
`;
}

function referring(name: string, to: string, namespace = 'mcp'): string {
  return `${HEAD}metadata: { name: ${name}, namespace: ${namespace} }
spec:
  image: x
  authzConfigRef:
    name: ${to}
`;
}

const ENVELOPE = `{"version":"1.0","type":"cedarv1","cedar":{"policies":["${PERMIT}"],"entities_json":"[]","role_claim_name":"roles"}}`;

function configMap(value = ENVELOPE, key = 'authz.json'): string {
  return `apiVersion: v1
kind: ConfigMap
metadata: { name: policies, namespace: mcp }
data:
  ${key}: '${value}'
`;
}

function fromConfigMap(more = '', kind = PROXY, reference = '{ name: policies }'): string {
  const spec = `    type: configMap\n    configMap: ${reference}\n${more}`;
  return kind === GATEWAY
    ? `${kind}metadata: { name: p, namespace: mcp }\nspec:\n  groupRef: { name: g }\n  incomingAuth:\n    type: anonymous\n    authzConfig:\n${spec.replace(/^ {4}/gm, '      ')}`
    : `${kind}metadata: { name: p, namespace: mcp }\nspec:\n  remoteUrl: https://x.example\n  authzConfig:\n${spec}`;
}

/** The spec of the only config in a text. */
function specOf(text: string): unknown {
  const values = parseAllDocuments(text).map((document) => document.toJS() as { kind: string; spec: unknown });
  return values.find(({ kind }) => kind === 'MCPAuthzConfig')?.spec;
}

describe('inline authorization', () => {
  it('becomes a config before the workload, which refers to it', async () => {
    const run = await migrated({ 'a.yaml': inline('weather') });
    expect(run.after).toEqual({ 'a.yaml': `${config('weather-authz')}---\n${referring('weather', 'weather-authz')}` });
    expect(run.errors).toBe('1 workload refers to 1 MCPAuthzConfig, 1 of them new: the same runtime config for each\n');
    expect(run.exitCode).toBe(0);
  });

  it('takes its comments, quotes, block texts and blank lines along, and leaves every other byte', async () => {
    const before = `# Copyright

# the server
${HEAD}metadata:
  name: weather   \t
spec:
    image: "x"   # pinned
    # who may call
    authzConfig: # from the review
        type: inline # for now
        # below
        inline:
            # the team
            policies:
            - |
              permit(principal,
                  action, resource);

            - 'forbid(principal, action, resource == Tool::"x");' # never
            # last
            entitiesJson: "[]"
            # in inline
        # claims
        groupClaimName: teams
        # at the end
    # of the spec
    transport: stdio
---
kind: Other # untouched:   
`;
    const after = `# Copyright

apiVersion: toolhive.stacklok.dev/v1beta1
kind: MCPAuthzConfig
metadata:
  name: weather-authz
spec:
  # from the review
  # for now
  type: cedarv1
  # below
  config:
    # the team
    policies:
    - |
      permit(principal,
          action, resource);

    - 'forbid(principal, action, resource == Tool::"x");' # never
    # last
    entities_json: "[]"
    # in inline
    # claims
    group_claim_name: teams
    # at the end
---
# the server
${HEAD}metadata:
  name: weather   \t
spec:
    image: "x"   # pinned
    # who may call
    authzConfigRef:
        name: weather-authz
    # of the spec
    transport: stdio
---
kind: Other # untouched:   
`;
    expect((await migrated({ 'a.yaml': before })).after).toEqual({ 'a.yaml': after });
    const crlf = (text: string): string => text.replaceAll('\n', '\r\n');
    expect((await migrated({ 'a.yaml': crlf(before) })).after).toEqual({ 'a.yaml': crlf(after) });
  });

  it.each([
    [
      'in flow style',
      `${HEAD}metadata: {name: w}\nspec: {image: x, authzConfig: {type: inline, inline: {policies: ['${PERMIT}']}}, transport: stdio} # end\n`,
      'spec: {image: x, authzConfigRef: {name: w-authz}, transport: stdio} # end\n',
    ],
    [
      'in a flow map over several lines, with comments',
      `${HEAD}metadata: {name: w}\nspec:\n  authzConfig: {\n    # why\n    type: inline, inline: {policies: ['${PERMIT}']} } # end\n`,
      'spec:\n  authzConfigRef: {name: w-authz} # end\n',
    ],
    [
      'at the end of a file without a line break',
      `${HEAD}metadata: {name: w}\nspec:\n  authzConfig:\n    type: inline\n    inline:\n      policies:\n        - ${PERMIT}`,
      'spec:\n  authzConfigRef:\n    name: w-authz',
    ],
    [
      'in a List',
      `apiVersion: v1\nkind: List\nitems:\n- ${(HEAD + `metadata: {name: w}\nspec:\n  authzConfig:\n    type: inline\n    inline:\n      policies:\n      - ${PERMIT}\n`).replaceAll(/\n(?=.)/g, '\n  ')}`,
      'items:\n- apiVersion: toolhive.stacklok.dev/v1beta1\n  kind: MCPServer\n  metadata: {name: w}\n  spec:\n    authzConfigRef:\n      name: w-authz\n',
    ],
    [
      'by an alias within',
      `${HEAD}metadata: {name: w, annotations: {p: &p '${PERMIT}'}}\nspec:\n  authzConfig:\n    type: inline\n    inline:\n      policies: [*p]\n`,
      'spec:\n  authzConfigRef:\n    name: w-authz\n',
    ],
    [
      'of a document with a marker',
      `# top\n--- # first\n${HEAD}metadata: {name: w}\nspec:\n  authzConfig:\n    type: inline\n    inline: {policies: ['${PERMIT}']}\n`,
      'spec:\n  authzConfigRef:\n    name: w-authz\n',
    ],
  ])('is found %s', async (_where, before, end) => {
    const run = await migrated({ 'a.yaml': before });
    const text = run.after['a.yaml'] ?? '';
    expect(text.endsWith(end)).toBe(true);
    expect(specOf(text)).toEqual({ type: 'cedarv1', config: { policies: [PERMIT], entities_json: '[]' } });
    expect(text.includes('# why')).toBe(before.includes('# why'));
    expect(run.exitCode).toBe(0);
    expect((await migrated({ 'a.yaml': text })).errors).toBe('nothing to migrate\n');
  });

  it('in a JSON file gets its config in a file beside it', async () => {
    const before = JSON.stringify(
      {
        apiVersion: 'toolhive.stacklok.dev/v1alpha1',
        kind: 'MCPServer',
        metadata: { name: 'w' },
        spec: { authzConfig: { type: 'inline', inline: { policies: [PERMIT] } }, image: 'x' },
      },
      undefined,
      2,
    );
    const run = await migrated({ 'server.json': before });
    expect(Object.keys(run.after)).toEqual(['server.json', 'w-authz.json']);
    expect(JSON.parse(run.after['server.json'] ?? '')).toMatchObject({
      spec: { authzConfigRef: { name: 'w-authz' }, image: 'x' },
    });
    expect(JSON.parse(run.after['w-authz.json'] ?? '')).toEqual({
      apiVersion: 'toolhive.stacklok.dev/v1alpha1',
      kind: 'MCPAuthzConfig',
      metadata: { name: 'w-authz' },
      spec: { type: 'cedarv1', config: { policies: [PERMIT], entities_json: '[]' } },
    });
    expect(run.output).toContain('--- /dev/null\n+++ b/w-authz.json\n@@ -0,0 +1,');
  });

  it('leaves out an upstream provider that ToolHive ignores there, and says so', async () => {
    const before = inline('w').replace('    inline:\n', '    inline:\n      primaryUpstreamProvider: corp # old\n');
    const run = await migrated({ 'a.yaml': before });
    expect(run.after).toEqual({ 'a.yaml': `${config('w-authz')}---\n${referring('w', 'w-authz')}` });
    expect(run.errors).toContain(
      'note: a.yaml:6: MCPServer "w": primaryUpstreamProvider "corp" is left out: ToolHive ignores it on kind MCPServer\n',
    );
  });
});

describe('authorization from a ConfigMap', () => {
  it('is taken over, with what the workload says over it', async () => {
    const files = {
      'a.yaml': fromConfigMap('    groupClaimName: teams\n    roleClaimName: ""\n'),
      'cm.yaml': configMap(),
    };
    const run = await migrated(files);
    expect(specOf(run.after['a.yaml'] ?? '')).toEqual({
      type: 'cedarv1',
      config: { policies: [PERMIT], entities_json: '[]', role_claim_name: 'roles', group_claim_name: 'teams' },
    });
    expect(run.after['cm.yaml']).toBe(files['cm.yaml']);
    expect(run.errors).toContain('note: a.yaml:6: MCPRemoteProxy "p": ConfigMap "policies" stays');
  });

  it('may be YAML, of another key, in any case of letters, and of another type', async () => {
    const yaml =
      'Version: v1\n    TYPE: httpv1\n    PDP:\n      http: { url: "https://pdp.example", timeout: 5 }\n      claim_mapping: mpe\n';
    const map = `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: policies, namespace: mcp }\ndata:\n  other: |\n    ${yaml}`;
    const run = await migrated({
      'a.yaml': `${fromConfigMap('', PROXY, '{ name: policies, key: other }')}---\n${map}`,
    });
    expect(specOf(run.after['a.yaml'] ?? '')).toEqual({
      type: 'httpv1',
      config: { http: { url: 'https://pdp.example', timeout: 5 }, claim_mapping: 'mpe' },
    });
    expect(run.exitCode).toBe(0);
  });

  it('of the same folder is meant where several environments have one', async () => {
    const denying = ENVELOPE.replace('permit', 'forbid');
    const run = await migrated({
      'dev/a.yaml': fromConfigMap(),
      'dev/cm.yaml': configMap(),
      'prod/a.yaml': fromConfigMap(),
      'prod/cm.yaml': configMap(denying),
    });
    expect(run.after['dev/a.yaml']).toContain(PERMIT);
    expect(run.after['prod/a.yaml']).toContain(PERMIT.replace('permit', 'forbid'));
    expect([run.after['dev/a.yaml'], run.after['prod/a.yaml']].every((text) => text?.includes('name: p-authz'))).toBe(
      true,
    );
  });
});

describe('sharing and names', () => {
  it('one config for what is equal, named after the first workload by name, whatever the order', async () => {
    const files = {
      'a.yaml': `${inline('zebra')}---\n${inline('ant', PERMIT)}`,
      'b.yaml': inline('bee', `"${PERMIT}"`),
    };
    const run = await migrated(files);
    expect(run.after['a.yaml']).toBe(
      `${config('ant-authz')}---\n${referring('zebra', 'ant-authz')}---\n${referring('ant', 'ant-authz')}`,
    );
    expect(run.after['b.yaml']).toBe(referring('bee', 'ant-authz'));
  });

  it('not beyond a namespace', async () => {
    const run = await migrated({ 'a.yaml': inline('a'), 'b.yaml': inline('b', PERMIT, 'other') });
    expect(run.after['b.yaml']).toContain('name: b-authz');
  });

  it('not beyond a folder where the namespace is not said, or an object is there for several environments', async () => {
    const unsaid = (name: string): string => inline(name).replace(', namespace: mcp', '');
    const run = await migrated({ 'dev/a.yaml': unsaid('a'), 'prod/b.yaml': unsaid('b') });
    expect(run.after['prod/b.yaml']).toContain('kind: MCPAuthzConfig\nmetadata:\n  name: b-authz\nspec:');
    const same = await migrated({ 'dev/a.yaml': inline('a'), 'prod/a.yaml': inline('a') });
    expect(same.after['prod/a.yaml']).toBe(same.after['dev/a.yaml']);
    expect(same.after['prod/a.yaml']).toContain('kind: MCPAuthzConfig');
  });

  it('a config that is there already is used', async () => {
    const run = await migrated({ 'a.yaml': inline('a'), 'z.yaml': config('corporate') });
    expect(run.after).toEqual({ 'a.yaml': referring('a', 'corporate'), 'z.yaml': config('corporate') });
    expect(run.errors).toContain('1 MCPAuthzConfig, 0 of them new');
  });

  it('a name that is taken gets the hash of the content', async () => {
    const other = inline('a', 'forbid(principal, action, resource);').replace('MCPServer', 'MCPRemoteProxy');
    const run = await migrated({
      'a.yaml': inline('a'),
      'b.yaml': other,
      'c.yaml': config('a-authz', `'forbid(principal, action, resource) when { true };'`),
    });
    expect(run.after['a.yaml']).toMatch(/authzConfigRef:\n {4}name: a-authz-[0-9a-f]{8}\n/);
    expect(run.after['b.yaml']).toMatch(/authzConfigRef:\n {4}name: a-authz-[0-9a-f]{8}\n/);
    const names = ['a.yaml', 'b.yaml'].map((file) => /Ref:\n {4}name: (\S+)/.exec(run.after[file] ?? '')?.[1]);
    expect(new Set(names).size).toBe(2);
  });
});

describe('what cannot be migrated is told, and stays', () => {
  const edited = (from: string, to: string): string => inline('w').replace(from, to);
  it.each([
    [
      'a ConfigMap elsewhere',
      fromConfigMap(),
      'a.yaml:6: MCPRemoteProxy "p" stays as it is: ConfigMap "policies" of namespace "mcp" is not among the files',
    ],
    [
      'a key that is not there',
      `${fromConfigMap()}---\n${configMap(ENVELOPE, 'other')}`,
      'a.yaml:6: MCPRemoteProxy "p" stays as it is: ConfigMap "policies" is missing key "authz.json"',
    ],
    ['an empty key', `${fromConfigMap()}---\n${configMap(' ')}`, 'key "authz.json" of ConfigMap "policies" is empty'],
    [
      'a key that is no map',
      `${fromConfigMap()}---\n${configMap('[1')}`,
      'key "authz.json" of ConfigMap "policies" cannot be parsed: ',
    ],
    [
      'an envelope without version',
      `${fromConfigMap()}---\n${configMap('{"type":"cedarv1"}')}`,
      'is no authorization config: version and type are required',
    ],
    [
      'an unknown type',
      `${fromConfigMap()}---\n${configMap('{"version":"1","type":"opa"}')}`,
      'type "opa" of key "authz.json" of ConfigMap "policies" is not a registered authorizer backend (registered: [cedarv1 httpv1])',
    ],
    [
      'httpv1 on a VirtualMCPServer',
      `${fromConfigMap('', GATEWAY)}---\n${configMap('{"version":"1.0","type":"httpv1","pdp":{"http":{"url":"https://pdp"},"claim_mapping":"mpe"}}')}`,
      'a.yaml:8: VirtualMCPServer "p" stays as it is: MCPAuthzConfig type "httpv1" is not yet supported for VirtualMCPServer; only cedarv1 is supported',
    ],
    [
      'two ConfigMaps',
      `${fromConfigMap()}---\n${configMap()}---\n${configMap()}`,
      'there are 2 ConfigMaps "policies" among the files: which one is meant?',
    ],
    [
      'a policy with a fault',
      edited(PERMIT, 'permit(principal, action, resource)'),
      'a.yaml:6: MCPServer "w" stays as it is: it is not valid, and would be refused as an MCPAuthzConfig: spec.config.policies[0]: ',
    ],
    [
      'two policies in one string',
      edited(PERMIT, `${PERMIT} ${PERMIT}`),
      'it is not valid, and would be refused as an MCPAuthzConfig',
    ],
    [
      'no type',
      edited('    type: inline\n', ''),
      "configMap must be set when type is 'configMap' (the default), and inline must not",
    ],
    [
      'a misspelt field',
      edited('inline:\n      policies', 'inline:\n      entitesJson: x\n      policies'),
      'ToolHive knows no field "entitesJson" here and drops it: correct or remove it first',
    ],
    [
      'both forms',
      `${inline('w')}  authzConfigRef: { name: other }\n`,
      'a.yaml:11: MCPServer "w" stays as it is: it has an authzConfigRef, too: decide for one of them first',
    ],
    [
      'template syntax in a value',
      edited('image: x', 'image: "{{ .Values.image }}"'),
      'a.yaml:5: MCPServer "w" stays as it is: it holds template syntax ({{ }}): migrate what the template renders to',
    ],
    ['a template', `{{- if .Values.on }}\n${inline('w')}{{- end }}\n`, 'a.yaml:1: it holds template syntax ({{ }})'],
    [
      'no name',
      edited('name: w', 'generateName: w-'),
      'it has no metadata.name, after which its config could be named',
    ],
    [
      'an alias',
      `${HEAD}metadata: { name: w }\nx: &x { type: inline, inline: { policies: ['${PERMIT}'] } }\nspec:\n  <<: { authzConfig: *x }\n`,
      'it comes from an alias or a merge key (<<): write it out first',
    ],
    [
      'an anchor that is used elsewhere',
      `${edited(PERMIT, `&p ${PERMIT}`)}  description: *p\n`,
      'the anchor "&p" in it is used elsewhere: write it out first',
    ],
    ['YAML directives', `%YAML 1.1\n---\n${inline('w')}`, 'its document has YAML directives (%)'],
    [
      'an upstream provider of a VirtualMCPServer',
      `${GATEWAY}metadata: { name: v }\nspec:\n  incomingAuth:\n    type: oidc\n    authzConfig: { type: inline, inline: { primaryUpstreamProvider: corp, policies: ['${PERMIT}'] } }\n`,
      'move "corp" to spec.authServerConfig.primaryUpstreamProvider first',
    ],
  ])('%s', async (_what, text, message) => {
    const run = await migrated({ 'a.yaml': text });
    expect(run.errors).toContain(message);
    expect(run.after).toEqual({ 'a.yaml': text });
    expect(run.output).toBe('');
    expect(run.exitCode).toBe(1);
  });

  it('a patch of a kustomization', async () => {
    const run = await migrated({ 'kustomization.yaml': 'patches:\n  - path: a.yaml\n', 'a.yaml': inline('w') });
    expect(run.errors).toContain('the file is a patch of a kustomization, where a new object has no place');
    expect(run.exitCode).toBe(1);
  });

  it('and the others are migrated', async () => {
    const run = await migrated({ 'a.yaml': fromConfigMap(), 'b.yaml': inline('b') });
    expect(run.after['b.yaml']).toContain('authzConfigRef');
    expect(run.exitCode).toBe(1);
  });

  it('what is not read keeps everything from being written', async () => {
    const files = { 'a.yaml': inline('a'), 'b.yaml': 'a: [\n' };
    const run = await migrated(files);
    expect(run.after).toEqual(files);
    expect(run.errors).toMatch(/error: b\.yaml:\d: .*\n.*nothing is written while something cannot be read\n$/);
    expect(run.exitCode).toBe(2);
  });

  it.each([
    ['nothing of ours', { 'a.yaml': 'kind: Service\n' }],
    ['templates of others', { 'a.yaml': '{{- if .x }}\nkind: Service\n{{- end }}\n' }],
    ['references only', { 'a.yaml': referring('a', 'shared') }],
  ])('%s is nothing to do', async (_what, files) => {
    const run = await migrated(files);
    expect([run.exitCode, run.output, run.errors]).toEqual([0, '', 'nothing to migrate\n']);
  });
});

describe('the proof', () => {
  const TEST = (expect: string): string => `apiVersion: authz.toolhive.stacklok.dev/v1alpha1
kind: DecisionTest
metadata: { name: t }
spec:
  config: { name: a-authz }
  cases:
    - { name: one, claims: { sub: u }, call: { id: x }, expect: ${expect} }
    - { name: two, claims: { sub: u }, call: { id: z }, expect: allow }
`;

  it('makes the decisions of the cases before and after', async () => {
    const run = await migrated({ 'a.yaml': `${inline('a')}---\n${inline('b')}`, 'test.yaml': TEST('allow') });
    expect(run.errors).toContain('; 4 decisions of test cases made before and after, all equal\n');
  });

  it('does not take a test that cannot be read', async () => {
    const run = await migrated({ 'a.yaml': inline('a'), 'test.yaml': TEST('maybe') });
    expect(run.errors).toContain('error: test.yaml:7: "expect" must be allow or deny');
    expect(run.exitCode).toBe(2);
  });
});

describe('the ways out', () => {
  it('is a diff that git and patch apply, and nothing else is written', async () => {
    const files = {
      'a.yaml': `${inline('a')}---\n${inline('b', 'forbid(principal, action, resource);')}`,
      'c d.yaml': `kind: X\n---\n${inline('c')}`.trimEnd(),
    };
    await withFiles(files, async (folder) => {
      const before = process.cwd();
      process.chdir(folder);
      try {
        const shown = await runMigrate(['-f', '.']);
        expect(readFileSync('a.yaml', 'utf8')).toBe(files['a.yaml']);
        expect(shown.errors).toContain('would refer to 2 MCPAuthzConfigs, 2 of them new');
        execFileSync('git', ['apply', '-'], { input: shown.output });
        const applied = ['a.yaml', 'c d.yaml'].map((name) => readFileSync(name, 'utf8'));
        Object.entries(files).forEach(([name, text]) => {
          writeFileSync(name, text);
        });
        const written = await runMigrate(['-f', '.', '--write']);
        expect(written.output).toBe(shown.output);
        expect(applied).toEqual(['a.yaml', 'c d.yaml'].map((name) => readFileSync(name, 'utf8')));
        expect(await runMigrate(['-f', '.'])).toEqual({ output: '', errors: 'nothing to migrate\n', exitCode: 0 });
      } finally {
        process.chdir(before);
      }
    });
  });

  it('is JSON for programs', async () => {
    const run = await migrated({ 'a.yaml': `${inline('a')}---\n${fromConfigMap()}` }, '-o', 'json');
    expect(JSON.parse(run.output)).toMatchObject({
      written: true,
      configs: [
        {
          name: 'a-authz',
          namespace: 'mcp',
          isNew: true,
          type: 'cedarv1',
          workloads: [{ file: 'a.yaml', line: 6, kind: 'MCPServer', name: 'a', form: 'inline', notes: [] }],
        },
      ],
      refusals: [{ file: 'a.yaml', line: 17, workload: 'MCPRemoteProxy "p"' }],
      faults: [],
      decisions: 0,
      files: [{ file: 'a.yaml', isNew: false }],
      unreadable: [],
    });
  });

  it('keeps the mode of a file and the link to it, and leaves nothing beside it', async () => {
    await withFiles({ 'real.txt': inline('a') }, async (folder) => {
      chmodSync(join(folder, 'real.txt'), 0o640);
      symlinkSync('real.txt', join(folder, 'a.yaml'));
      expect((await runMigrate(['-f', join(folder, 'a.yaml'), '--write'])).exitCode).toBe(0);
      expect(readFileSync(join(folder, 'real.txt'), 'utf8')).toContain('authzConfigRef');
      expect(statSync(join(folder, 'real.txt')).mode & 0o777).toBe(0o640);
      expect(readdirSync(folder)).toEqual(['a.yaml', 'real.txt']);
    });
  });

  it('reads standard input, and does not write to it', async () => {
    const run = await runMigrate(['-f', '-'], inline('a'));
    expect(run.output).toMatch(/^--- a\/-\n\+\+\+ b\/-\n@@ -1,/);
    await expect(runMigrate(['-f', '-', '--write'], inline('a'))).rejects.toThrow(
      'standard input cannot be written to',
    );
  });
});

describe('byte for byte', () => {
  const cedar = createCedar();
  const inThisThread: Analyze = (spec) => Promise.resolve(analyze(spec, cedar));
  const word = fc.stringMatching(/^[a-z]{1,6}$/);
  const note = word.map((text) => `# ${text}`);
  const blank = fc.constantFrom('', '  ', '\t');
  /** Lines between others: comments at some depth, blank lines. */
  const gap = (depth: number): fc.Arbitrary<readonly string[]> =>
    fc.array(
      fc.oneof(
        blank,
        note.map((text) => ' '.repeat(depth) + text),
      ),
      { maxLength: 2 },
    );
  const end = fc.oneof(
    fc.constant(''),
    fc.constant('  '),
    note.map((text) => ` ${text}`),
  );
  const policy = (depth: number): fc.Arbitrary<readonly string[]> =>
    fc.constantFrom(
      [`${' '.repeat(depth)}- ${PERMIT}`],
      [`${' '.repeat(depth)}- '${PERMIT}' # one`],
      [`${' '.repeat(depth)}- "permit(principal,\\n action, resource);"`],
      [
        `${' '.repeat(depth)}- |`,
        `${' '.repeat(depth + 2)}permit(principal,`,
        '',
        `${' '.repeat(depth + 4)}action, resource);`,
      ],
      [
        `${' '.repeat(depth)}- >-`,
        `${' '.repeat(depth + 3)}permit(principal,`,
        `${' '.repeat(depth + 3)}action, resource);`,
      ],
      [
        `${' '.repeat(depth)}- |2+`,
        `${' '.repeat(depth + 2)} permit(principal,`,
        `${' '.repeat(depth + 2)}action, resource);`,
        '',
      ],
    );

  interface Layout {
    readonly before: readonly string[];
    readonly region: readonly string[];
    readonly after: readonly string[];
    readonly eol: string;
  }

  const layout: fc.Arbitrary<Layout> = fc
    .record({ step: fc.constantFrom(1, 2, 4), flush: fc.boolean(), eol: fc.constantFrom('\n', '\r\n') })
    .chain(({ step, flush, eol }) => {
      const inner = 3 * step;
      const depth = flush ? inner : inner + step;
      return fc.record({
        eol: fc.constant(eol),
        before: fc
          .tuple(gap(0), fc.constantFrom([], ['---'], ['kind: Other', '---']), gap(0), end, gap(step))
          .map(([top, marker, head, tail, last]) => [
            ...top,
            ...marker,
            ...head,
            ...HEAD.trimEnd().split('\n'),
            'metadata:',
            `  name: w${tail}`,
            'spec:',
            `${' '.repeat(step)}image:   "x"${tail}`,
            ...last,
          ]),
        region: fc
          .tuple(
            end,
            end,
            end,
            gap(inner),
            gap(2 * step),
            fc.array(policy(depth), { minLength: 1, maxLength: 3 }),
            fc.boolean(),
          )
          .map(([first, second, third, within, between, policies, entities]) => [
            `${' '.repeat(step)}authzConfig:${first}`,
            `${' '.repeat(2 * step)}type: inline${second}`,
            ...between,
            `${' '.repeat(2 * step)}inline:${third}`,
            ...within,
            ...(entities ? [`${' '.repeat(inner)}entitiesJson: '[]'${second}`] : []),
            `${' '.repeat(inner)}policies:${third}`,
            ...policies.flat(),
          ]),
        after: fc
          .tuple(end, gap(0), fc.constantFrom([], ['---', 'kind: Other   ', '']))
          .map(([tail, last, next]) => [`${' '.repeat(step)}transport: stdio${tail}`, ...last, ...next]),
      });
    });

  it('nothing changes outside the authorization and the new document, and no comment is lost', async () => {
    await fc.assert(
      fc.asyncProperty(layout, async ({ before, region, after, eol }) => {
        const join = (lines: readonly string[]): string => lines.map((line) => line + eol).join('');
        const [head, tail] = [join(before), join(after)];
        const file = { name: 'a.yaml', text: head + join(region) + tail, named: true };
        const report = await migrate({ files: [file], unreadable: [] }, 'default', inThisThread);
        expect([report.refusals, report.faults, report.unreadable]).toEqual([[], [], []]);
        const text = report.changes[0]?.after ?? '';
        const step = /^ */.exec(region[0] ?? '')?.[0].length ?? 0;
        const reference = join([`${' '.repeat(step)}authzConfigRef:`, `${' '.repeat(2 * step)}name: w-authz`]);
        expect(text.endsWith(reference + tail)).toBe(true);
        const rest = text.slice(0, text.length - (reference + tail).length);
        expect(isInsertion(rest, head)).toBe(true);
        expect(commentsOf(text)).toEqual(commentsOf(file.text));
        expect(text.includes('\r\n')).toBe(eol === '\r\n');
        expect(/(?<!\r)\n/.test(text)).toBe(eol === '\n');
      }),
      { numRuns: 150 },
    );
  });

  /** Whether `text` is `head` with something put into it at one place. */
  function isInsertion(text: string, head: string): boolean {
    let same = 0;
    while (same < head.length && text[same] === head[same]) {
      same += 1;
    }
    return text.length > head.length && text.endsWith(head.slice(same));
  }

  function commentsOf(text: string): readonly string[] {
    return [...text.matchAll(/#[^\r\n]*/g)].map(([comment]) => comment.trimEnd()).sort();
  }
});
