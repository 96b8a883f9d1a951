/** Custom rules as an administrator has them: in a file beside the server, changed while it runs. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlPlane } from '../../src/cli/playground/control-plane.ts';
import { startEnvironment, type Environment } from '../../src/cli/playground/environment.ts';
import { projectRoot } from '../../src/cli/playground/root.ts';
import { eventually } from './cluster.ts';
import { openControlPlane } from './control-plane.ts';
import { config, POLICY, workload } from './objects.ts';

const EXAMPLES = join(projectRoot(), 'docs/examples/custom-rules');
const example = (name: string): string => readFileSync(join(EXAMPLES, `${name}.yaml`), 'utf8');
const silent = (): void => undefined;

let cluster: ControlPlane;
let environment: Environment;
let file: string;

beforeAll(async () => {
  cluster = await openControlPlane();
  file = join(cluster.folder, 'rules.yaml');
  writeFileSync(file, example('forbid-tool'));
  const crds = process.env['MCP_AUTHZ_CRDS'];
  const options = { root: projectRoot(), flags: ['--custom-rules', file], ...(crds === undefined ? {} : { crds }) };
  environment = await startEnvironment(cluster, options, silent);
});
afterAll(async () => {
  await environment.stop();
  await cluster.stop();
});

async function answer(object: object): Promise<readonly [number, string]> {
  const { code, stderr } = await cluster.kubectl(['apply', '-f', '-', '--dry-run=server'], JSON.stringify(object));
  return [code, stderr];
}

async function metrics(): Promise<string> {
  return (await fetch(`http://127.0.0.1:${String(environment.server.healthPort)}/metrics`)).text();
}

function replaceFile(text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

const HTTP = {
  ...config('pdp'),
  spec: { type: 'httpv1', config: { http: { url: 'https://pdp.example.com' }, claim_mapping: 'standard' } },
};
const FORBID = 'forbid(principal, action == Action::"call_tool", resource == Tool::"delete_repository");';
const MISSING =
  'every authorization config must forbid the tool "delete_repository": add the policy forbid(principal, action == ' +
  'Action::"call_tool", resource == Tool::"delete_repository"); [forbid-tool]';

it('kubectl apply is refused with the message of the rule, for a config and for inline policies', async () => {
  expect(await answer(config('open'))).toEqual([1, `The MCPAuthzConfig "open" is invalid: spec: ${MISSING}\n`]);
  expect(await answer(config('closed', [POLICY, FORBID]))).toEqual([0, '']);
  const inline = workload('MCPServer', 'own', { authzConfig: { type: 'inline', inline: { policies: [POLICY] } } });
  expect(await answer(inline)).toEqual([1, `The MCPServer "own" is invalid: spec: ${MISSING}\n`]);
  expect(await answer(HTTP)).toEqual([0, '']);
});

it('a change of the file gives new answers without a restart, and a bad one changes nothing', async () => {
  replaceFile(example('only-cedarv1'));
  await eventually('the new rule is in force', async () => (await answer(HTTP))[0] === 1);
  expect(await answer(HTTP)).toEqual([
    1,
    'Error from server (Forbidden): error when creating "STDIN": admission webhook ' +
      '"configs.validate.authz.toolhive.stacklok.dev" denied the request: spec: only authorization configs of type cedarv1 are ' +
      'allowed in this cluster. [only-cedarv1]\n',
  ]);
  expect(await answer(config('open'))).toEqual([0, '']);
  expect(await metrics()).toContain('mcp_authz_custom_rules_reloads_total{result="success"} 1\n');

  replaceFile(example('only-cedarv1').replace('authzConfig.type', 'authzConfig.typ'));
  await eventually('the bad file is noticed', async () =>
    (await metrics()).includes('mcp_authz_custom_rules_reloads_total{result="failure"} 1\n'),
  );
  expect((await answer(HTTP))[0]).toBe(1);
  const lines = readFileSync(environment.server.logFile, 'utf8').trim().split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toContainEqual(
    expect.objectContaining({
      ...{ level: 'error', file, line: 14 },
      error: 'spec.validations[0].expression: No such key: typ; did you mean "type"?',
    }),
  );
});
