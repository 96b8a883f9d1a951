/** `kubectl mcp-authz used-by`: the real kubectl finds the plugin by its name, and it asks the current context. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import type { KubectlResult } from '../../src/cli/playground/demonstration.ts';
import { applied, makeNamespace, sharedCluster } from './cluster.ts';
import { config, REFERENCE, workload } from './objects.ts';

const PROGRAM = join(import.meta.dirname, '../../dist/main.js');

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mcp-authz-plugin-'));
  symlinkSync(PROGRAM, join(folder, 'kubectl-mcp_authz'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function plugin(...args: readonly string[]): Promise<KubectlResult> {
  const { kubectl, kubeconfig } = sharedCluster();
  // The plugin's first line asks for `node`: this one.
  const path = [folder, dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter);
  const environment = { ...process.env, PATH: path, KUBECONFIG: kubeconfig };
  return new Promise((resolve) => {
    execFile(kubectl, ['mcp-authz', ...args], { env: environment }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, stdout, stderr });
    });
  });
}

it('names every workload that refers to a config, of all three kinds', async () => {
  const namespace = await makeNamespace();
  await applied(
    namespace,
    config('shared'),
    workload('VirtualMCPServer', 'gateway', REFERENCE),
    workload('MCPServer', 'weather', REFERENCE),
    workload('MCPRemoteProxy', 'proxy', REFERENCE),
    workload('MCPServer', 'other', {}),
  );
  expect(await plugin('used-by', 'shared', '-n', namespace)).toEqual({
    code: 0,
    stdout:
      'KIND               NAME\n' +
      'MCPRemoteProxy     proxy\n' +
      'MCPServer          weather\n' +
      'VirtualMCPServer   gateway\n',
    stderr: '',
  });
  const names = await plugin('used-by', 'shared', '-n', namespace, '-o', 'name');
  expect(names.stdout.split('\n')).toEqual([
    'mcpremoteproxy.toolhive.stacklok.dev/proxy',
    'mcpserver.toolhive.stacklok.dev/weather',
    'virtualmcpserver.toolhive.stacklok.dev/gateway',
    '',
  ]);
});

it('tells what is not there, and what cannot be asked', async () => {
  const namespace = await makeNamespace();
  expect(await plugin('used-by', 'nothing', '-n', namespace)).toEqual({
    code: 1,
    stdout: `MCPAuthzConfig "nothing" in namespace "${namespace}" does not exist.\n`,
    stderr: '',
  });
  const nowhere = await plugin('used-by', 'shared', '--context', 'nowhere');
  expect(nowhere.code).not.toBe(0);
  expect(nowhere.stderr).toContain('error: no cluster: the kubeconfig has no context "nowhere"\n');
});

it('explains a config of the cluster, and runs decision tests on it', async () => {
  const namespace = await makeNamespace();
  await applied(namespace, config('shared'));
  const { code, stdout } = await plugin('explain', 'shared', '-n', namespace, '--tools', 'weather', '-o', 'json');
  expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ name: 'shared' })]);
  const wrong = await plugin('explain', 'shard', '-n', namespace);
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('did you mean "shared"?')]);
  const file = join(folder, 'test.yaml');
  writeFileSync(
    file,
    JSON.stringify({
      apiVersion: 'authz.toolhive.stacklok.dev/v1alpha1',
      kind: 'DecisionTest',
      metadata: { name: 'stored' },
      spec: {
        config: { name: 'shared' },
        cases: [
          {
            name: 'anybody',
            claims: { sub: 'a' },
            call: { feature: 'tool', operation: 'call', id: 'weather' },
            expect: 'allow',
          },
        ],
      },
    }),
  );
  const tested = await plugin('test', '-f', file, '--cluster', '-n', namespace);
  expect([tested.code, tested.stderr]).toEqual([0, '']);
  expect((await plugin('test', '-f', file)).code).toBe(2);
});
