/**
 * Somebody takes another way round: another name, another version, no name, the rights to workloads alone. Each ends in a refusal or in a harmless outcome; what counts is what a pod would enforce.
 */
import { at } from '../../../src/api/json.ts';
import { ANNOTATIONS, FINALIZER, IN_USE_LABEL } from '../../../src/api/names.ts';
import type { KubernetesObject } from '../../../src/api/objects.ts';
import { conditionOf } from '../api.ts';
import { apply, applied, eventually, kubectl, makeNamespace } from '../cluster.ts';
import { config, INLINE, REFERENCE, workload, type Manifest } from '../objects.ts';
import { CONFIGS, FORGED, HASH, hashOf, IN_USE, MALLORY, openSetting, type Setting } from './setting.ts';

let setting: Setting;
beforeAll(async () => {
  setting = await openSetting();
});
afterAll(() => setting.close());

describe('by renaming', () => {
  it('a config in use cannot be replaced by one of another identity or name', async () => {
    const { uid } = (await setting.get(CONFIGS, 'shared'))?.metadata ?? {};
    const forced = await kubectl(
      ['replace', '--force', '-n', setting.namespace, '-f', '-'],
      JSON.stringify(config('shared')),
    );
    expect([forced.code, forced.stderr]).toEqual([1, expect.stringContaining(IN_USE)]);
    const path = `/apis/toolhive.stacklok.dev/v1beta1/namespaces/${setting.namespace}/${CONFIGS}/shared`;
    const renamed = setting.api.client.request({ method: 'PUT', path, body: config('other') });
    await expect(renamed).rejects.toMatchObject({ status: 400 });
    expect((await setting.get(CONFIGS, 'shared'))?.metadata.uid).toBe(uid);
  });

  it('a pod that calls itself another workload gets what that one refers to', async () => {
    const { pod: made } = await setting.probe((plain) => ({
      ...plain,
      metadata: { ...plain.metadata, name: 'innocent' },
    }));
    expect(hashOf(made)).toBe(HASH);
    const nobody = await setting.probe((plain) => {
      const labels = { ...plain.metadata.labels, 'app.kubernetes.io/instance': 'nobody' };
      return { ...plain, metadata: { ...plain.metadata, labels } };
    });
    // There is no such workload, so nothing is enforced for it, and the volume is still the operator's for `w`.
    expect([nobody.refusal, hashOf(nobody.pod)]).toEqual(['', undefined]);
  });
});

describe('through another version, or without a name', () => {
  const bad = (name: string, version?: 'v1alpha1'): Manifest => config(name, ['permit(principal'], version);

  it('v1alpha1 is judged alike', async () => {
    expect((await apply(setting.namespace, bad('bad', 'v1alpha1'))).stderr).toContain('[authz-config]');
    const both = workload('MCPServer', 'both', { ...INLINE, ...REFERENCE }, 'v1alpha1');
    expect((await apply(setting.namespace, both)).stderr).toContain('mutually exclusive');
    const path = `/apis/toolhive.stacklok.dev/v1alpha1/namespaces/${setting.namespace}/${CONFIGS}/shared`;
    expect((await kubectl(['delete', '--raw', path])).stderr).toContain(IN_USE);
    const forged = workload('MCPServer', 'alpha', REFERENCE, 'v1alpha1');
    await applied(setting.namespace, {
      ...forged,
      metadata: { name: 'alpha', annotations: { [ANNOTATIONS.configHash]: FORGED } },
    });
    expect(hashOf(await setting.get('mcpservers', 'alpha'))).toBe(HASH);
  });

  it('generateName is judged alike', async () => {
    const nameless = (object: Manifest): object => ({ ...object, metadata: { generateName: 'g-' } });
    expect((await setting.create(nameless(bad('g')))).stderr).toContain('[authz-config]');
    const made = await setting.create(nameless(workload('MCPServer', 'g', REFERENCE)), MALLORY);
    expect(hashOf(JSON.parse(made.stdout))).toBe(HASH);
    const free = JSON.parse((await setting.create(nameless(config('g')))).stdout) as KubernetesObject;
    expect(free.metadata.finalizers).toEqual([FINALIZER]);
  });
});

describe('by a user who may edit workloads but not configs', () => {
  it.each([
    ['edit', ['patch', CONFIGS, 'shared', '--type=merge', '-p', '{"spec":{"config":{"policies":[]}}}']],
    ['delete', ['delete', CONFIGS, 'shared']],
    ['delete all', ['delete', CONFIGS, '--all']],
    ['label', ['label', CONFIGS, 'shared', `${IN_USE_LABEL}-`]],
    [
      'break the glass of',
      ['annotate', CONFIGS, 'shared', 'authz.toolhive.stacklok.dev/break-glass=2100-01-01T00:00:00Z x'],
    ],
  ])('she cannot %s it', async (_what, args) => {
    const { code, stderr } = await kubectl([...args, '-n', setting.namespace, MALLORY]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('Forbidden')]);
  });

  it('she cannot borrow the config of another namespace', async () => {
    const elsewhere = await makeNamespace();
    await applied(elsewhere, config('theirs'));
    const borrowed = { authzConfigRef: { name: 'theirs', namespace: elsewhere } };
    await kubectl(
      ['create', '--validate=false', '-n', setting.namespace, '-f', '-', MALLORY],
      JSON.stringify(workload('MCPServer', 'b', borrowed)),
    );
    const made = await setting.get('mcpservers', 'b');
    expect([at(made, 'spec', 'authzConfigRef'), hashOf(made)]).toEqual([{ name: 'theirs' }, undefined]);
    await eventually('it is told', async () => {
      const told = conditionOf(await setting.get('mcpservers', 'b'), 'AuthzConfigRefValidated');
      return told?.['reason'] === 'AuthzConfigRefNotFound';
    });
    await kubectl(['delete', 'namespace', elsewhere, '--wait=false']);
  });

  it('she can take a workload’s reference away, which is hers to do, and is told what that means', async () => {
    const { code, stderr } = await setting.patch(['mcpserver', 'alpha'], { spec: { authzConfigRef: null } });
    expect([code, stderr]).toEqual([0, expect.stringContaining('[advice]')]);
    await setting.expectGuarded();
  });
});
