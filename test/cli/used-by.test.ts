/** `mcp-authz used-by` on files; test/e2e/used-by.test.ts has it on a cluster, as kubectl's plugin. */
import { usedByCommand } from '../../src/cli/used-by/command.ts';
import { withFiles, type CliRun } from '../support/cli.ts';

async function runUsedBy(args: readonly string[], stdin = ''): Promise<CliRun> {
  const run = { output: '', errors: '', exitCode: undefined as number | undefined };
  const command = usedByCommand({
    write: (text) => void (run.output += text),
    writeError: (text) => void (run.errors += text),
    stdin: () => Promise.resolve(Buffer.from(stdin)),
    end: (code) => void (run.exitCode = code),
  }).exitOverride();
  await command.parseAsync([...args], { from: 'user' });
  return run;
}

const GROUP = 'toolhive.stacklok.dev/v1beta1';
const FILES = {
  'a.yaml': `apiVersion: ${GROUP}
kind: MCPServer
metadata: { name: weather }
spec:
  image: x
  authzConfigRef: { name: shared }
---
apiVersion: ${GROUP}
kind: VirtualMCPServer
metadata: { name: gateway, namespace: mcp }
spec: { incomingAuth: { type: anonymous, authzConfigRef: { name: shared } } }
---
apiVersion: ${GROUP}
kind: MCPAuthzConfig
metadata: { name: unused, namespace: mcp }
spec: { type: cedarv1, config: {} }
`,
  'b.yaml': `apiVersion: ${GROUP}
kind: MCPRemoteProxy
metadata: { name: proxy, namespace: mcp }
spec: { remoteUrl: https://x.example, authzConfigRef: { name: shared } }
`,
};

describe('in files', () => {
  it.each([
    [
      'every referrer with its place, whether or not the config is there',
      ['shared', '-n', 'mcp'],
      0,
      'MCPAuthzConfig "shared" in namespace "mcp" does not exist, and is referred to.\n' +
        'KIND               NAME      FILE\n' +
        'MCPRemoteProxy     proxy     b.yaml:4\n' +
        'MCPServer          weather   a.yaml:6\n' +
        'VirtualMCPServer   gateway   a.yaml:11\n',
    ],
    [
      'that nobody refers to it',
      ['unused', '-n', 'mcp'],
      0,
      'No workload refers to MCPAuthzConfig "unused" in namespace "mcp".\n',
    ],
    ['that there is nothing of it', ['other'], 1, 'MCPAuthzConfig "other" in namespace "default" does not exist.\n'],
    ['names that kubectl takes', ['shared', '-o', 'name'], 0, 'mcpserver.toolhive.stacklok.dev/weather\n'],
  ])('tells %s', async (_what, args, exitCode, output) => {
    const run = await withFiles(FILES, async (folder) => {
      const found = await runUsedBy([...args, '-f', folder]);
      return { ...found, output: found.output.replaceAll(`${folder}/`, '') };
    });
    expect(run).toEqual({ output, errors: '', exitCode });
  });

  it('tells JSON', async () => {
    const run = await runUsedBy(['shared', '-f', '-', '-o', 'json'], FILES['a.yaml']);
    expect(JSON.parse(run.output)).toEqual({
      namespace: 'default',
      name: 'shared',
      exists: false,
      referrers: [{ kind: 'MCPServer', name: 'weather', file: '-', line: 6 }],
    });
  });

  it('does not claim more than could be read', async () => {
    const run = await runUsedBy(['shared', '-n', 'mcp', '-f', '-'], `${FILES['b.yaml']}---\na: [\n`);
    expect(run.output).toContain('MCPRemoteProxy   proxy   -:4\n');
    expect(run.errors).toMatch(/^error: -:\d+: /);
    expect(run.exitCode).toBe(2);
  });
});

describe('in a cluster', () => {
  it('a context that is not there is told', async () => {
    const kubeconfig = 'apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\n';
    await withFiles({ kubeconfig }, async (folder) => {
      const call = runUsedBy(['shared', '--kubeconfig', `${folder}/kubeconfig`, '--context', 'nowhere']);
      await expect(call).rejects.toThrow('no cluster: the kubeconfig has no context "nowhere"');
    });
  });
});
