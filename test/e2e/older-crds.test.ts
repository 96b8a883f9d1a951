/**
 * On a cluster whose CRDs lack the exclusion rule, as ToolHive's first releases, our own copy of it refuses; where they lack
 * selectable fields, as ToolHive's all do, a config is protected all the same.
 */
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ControlPlane } from '../../src/cli/playground/control-plane.ts';
import type { KubectlResult } from '../../src/cli/playground/demonstration.ts';
import { startEnvironment, type Environment } from '../../src/cli/playground/environment.ts';
import { projectRoot } from '../../src/cli/playground/root.ts';
import { openControlPlane } from './control-plane.ts';
import { config, INLINE, KINDS, REFERENCE, workload } from './objects.ts';

const SELECTABLE = /^ +selectableFields: .*\n(?: +- jsonPath: .*\n)?/gm;
const EXCLUSION = '!(has(self.authzConfig) && has(self.authzConfigRef))';
const silent = (): void => undefined;

let cluster: ControlPlane;
let environment: Environment;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-authz-older-crds-'));
  const source = process.env['MCP_AUTHZ_CRDS'] ?? join(projectRoot(), 'test/crds');
  for (const file of readdirSync(source).filter((name) => name.endsWith('.yaml'))) {
    const text = readFileSync(join(source, file), 'utf8').replaceAll(EXCLUSION, 'true').replaceAll(SELECTABLE, '');
    writeFileSync(join(folder, file), text);
  }
  cluster = await openControlPlane();
  environment = await startEnvironment(cluster, { root: projectRoot(), crds: folder }, silent);
});
afterAll(async () => {
  await environment.stop();
  await cluster.stop();
});

describe.each(KINDS)('$kind', ({ kind, path }) => {
  it.each(['v1beta1', 'v1alpha1'] as const)(
    '%s: both forms of authorization are rejected by the webhook',
    async (version) => {
      const both = JSON.stringify(workload(kind, 'both', { ...INLINE, ...REFERENCE }, version));
      const { code, stderr } = await cluster.kubectl(['apply', '-f', '-'], both);
      expect(code).toBe(1);
      expect(stderr).toContain(
        `The ${kind} "both" is invalid: ${path}: authzConfig and authzConfigRef are mutually exclusive; ` +
          'use authzConfigRef to reference a shared MCPAuthzConfig [mutual-exclusion]',
      );
    },
  );

  it('a config is held by a reference, and by nothing else', async () => {
    const [used, free] = [`used-${kind.toLowerCase()}`, `free-${kind.toLowerCase()}`];
    const user = workload(kind, 'user', { authzConfigRef: { name: used } });
    const items = [config(used), config(free), user];
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    expect((await cluster.kubectl(['apply', '-f', '-'], list)).code).toBe(0);
    const remove = (name: string): Promise<KubectlResult> =>
      cluster.kubectl(['delete', 'mcpauthzconfig', name, '--wait=false']);
    const held = await remove(used);
    expect([held.code, held.stderr]).toEqual([
      1,
      expect.stringContaining(`MCPAuthzConfig "${used}" is in use by 1 workload: ${kind} "user"`),
    ]);
    expect((await remove(free)).code).toBe(0);
  });

  it('what got in before the webhook can still be changed, with a warning', async () => {
    await cluster.kubectl(['delete', 'validatingwebhookconfiguration', 'mcp-authz-webhook']);
    const stored = workload(kind, 'stored', { ...INLINE, ...REFERENCE });
    expect((await cluster.kubectl(['apply', '-f', '-'], JSON.stringify(stored))).code).toBe(0);
    await environment.register();
    const changed = { ...stored, spec: { ...stored.spec, replicas: 2 } };
    const { code, stderr } = await cluster.kubectl(['apply', '-f', '-'], JSON.stringify(changed));
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining('This was so before the update, which is let through.'),
    ]);
  });
});
