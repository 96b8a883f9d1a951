/**
 * Somebody writes what is ours to write: annotations, status, finalizers, ConfigMaps. Each ends in a refusal or in a harmless outcome; what counts is what a pod would enforce.
 */
import { at } from '../../../src/api/json.ts';
import { ANNOTATIONS, FINALIZER, IN_USE_LABEL } from '../../../src/api/names.ts';
import { annotation, type KubernetesObject } from '../../../src/api/objects.ts';
import { must } from '../../../src/cli/playground/environment.ts';
import { pod } from '../../support/pods.ts';
import { conditionOf } from '../api.ts';
import { eventually, kubectl } from '../cluster.ts';
import { objects, operate } from '../deployments.ts';
import { config, REFERENCE, workload } from '../objects.ts';
import {
  CONFIGS,
  FORGED,
  GUARDED,
  HASH,
  hashOf,
  IN_USE,
  MALLORY,
  openSetting,
  RUNTIME,
  volumeOf,
  type Setting,
} from './setting.ts';

let setting: Setting;
beforeAll(async () => {
  setting = await openSetting();
});
afterAll(() => setting.close());

const copy = (): Promise<KubernetesObject | undefined> => setting.cluster.get('v1/configmaps/w-authz-runconfig');

describe('by a forged annotation', () => {
  it('on a workload: it is replaced, whoever writes it, at creation and later', async () => {
    const forged = { [ANNOTATIONS.configHash]: FORGED, [ANNOTATIONS.resolvedConfig]: '{"type":"none"}' };
    const plain = workload('MCPServer', 'forged', REFERENCE);
    const made = await setting.create({ ...plain, metadata: { ...plain.metadata, annotations: forged } }, MALLORY);
    expect(made.stderr).toContain('the value that was given is replaced');
    await setting.patch(['mcpserver', 'forged'], { metadata: { annotations: forged } });
    const object = await setting.get('mcpservers', 'forged');
    const found = [ANNOTATIONS.configHash, ANNOTATIONS.resolvedConfig].map((key) => object && annotation(object, key));
    expect(found).toEqual([HASH, RUNTIME]);
  });

  it('on a workload, by an account that is called like the loop’s: it is replaced; by that of the loop, put right', async () => {
    const forged = { metadata: { annotations: { [ANNOTATIONS.configHash]: FORGED } } };
    const kept = async (): Promise<string | undefined> => {
      const object = await setting.get('mcpservers', 'w');
      return object && annotation(object, ANNOTATIONS.configHash);
    };
    const as = (namespace: string): ReturnType<typeof kubectl> =>
      kubectl([
        ...['patch', 'mcpserver', 'w', '-n', setting.namespace, '--type=merge', '-p', JSON.stringify(forged)],
        ...['-o', 'json', `--as=system:serviceaccount:${namespace}:mcp-authz-webhook`],
      ]);
    await must(kubectl, [
      ...['create', 'rolebinding', 'namesake', '-n', setting.namespace, '--clusterrole=mcp-authz-webhook'],
      `--serviceaccount=${setting.namespace}:mcp-authz-webhook`,
    ]);
    expect(hashOf(JSON.parse((await as(setting.namespace)).stdout))).toBe(HASH);
    await as('mcp-authz-system'); // the API server asks nobody, and the loop sees it
    await eventually('it is put right', async () => (await kept()) === HASH);
    await setting.expectGuarded();
  });

  it('on a workload, by the loop’s account together with the spec: it is replaced', async () => {
    const change = {
      metadata: { annotations: { [ANNOTATIONS.configHash]: FORGED } },
      spec: { image: 'example.com/a:2' },
    };
    const { stdout } = await kubectl([
      ...['patch', 'mcpserver', 'w', '-n', setting.namespace, '--type=merge', '-p', JSON.stringify(change)],
      ...['-o', 'json', '--as=system:serviceaccount:mcp-authz-system:mcp-authz-webhook'],
    ]);
    expect(hashOf(JSON.parse(stdout))).toBe(HASH);
  });

  it('on a workload without a reference: it is taken off', async () => {
    const plain = workload('MCPServer', 'none', {});
    await setting.create({
      ...plain,
      metadata: { ...plain.metadata, annotations: { [ANNOTATIONS.configHash]: FORGED } },
    });
    const object = await setting.get('mcpservers', 'none');
    expect(object && annotation(object, ANNOTATIONS.configHash)).toBeUndefined();
  });

  it('on a pod: it is replaced, and a volume of its own does not stand in for the config', async () => {
    const annotated = await setting.probe((plain) => ({
      ...plain,
      metadata: { ...plain.metadata, annotations: { [ANNOTATIONS.configHash]: FORGED } },
    }));
    expect([annotated.refusal, hashOf(annotated.pod)]).toEqual(['', HASH]);
    const withVolume =
      (source: object) =>
      (plain: KubernetesObject): object => {
        const others = objects(at(plain, 'spec', 'volumes')).filter((each) => each['name'] !== 'runconfig');
        const spec = { ...(plain['spec'] as object), volumes: [...others, { name: 'runconfig', ...source }] };
        return { ...plain, spec };
      };
    const own = await setting.probe(withVolume({ configMap: { name: 'mine' } }));
    expect(own.refusal).toContain('It would run without the config that its workload refers to. [pod-injection]');
    expect((await setting.probe(withVolume({ emptyDir: {} }))).refusal).toContain('[pod-injection]');
    const optional = await setting.probe(withVolume({ configMap: { name: 'w-runconfig', optional: true } }));
    expect(volumeOf(optional.pod, 'runconfig')).toEqual(GUARDED);
  });
});

describe('by a subresource', () => {
  it('status carries neither spec nor metadata in, and what it says decides nothing', async () => {
    const before = await setting.get('mcpservers', 'w');
    const status = { authzConfigHash: 'forged', phase: 'Ready' };
    const metadata = { annotations: { [ANNOTATIONS.configHash]: FORGED }, finalizers: ['example.com/mine'] };
    const spec = { authzConfigRef: null };
    const { code } = await setting.patch(['mcpserver', 'w', '--subresource=status'], { metadata, spec, status });
    expect(code).toBe(0);
    const after = await setting.get('mcpservers', 'w');
    expect([after?.['spec'], after?.metadata.annotations, after?.metadata.finalizers]).toEqual([
      before?.['spec'],
      before?.metadata.annotations,
      before?.metadata.finalizers,
    ]);
    await setting.expectGuarded();
  });

  it('a config’s status that says that it is valid, or not, decides nothing', async () => {
    const lie = { conditions: [{ type: 'Valid', status: 'False', reason: 'Lie', message: 'no' }], configHash: 'lie' };
    const now = new Date().toISOString();
    const conditions = lie.conditions.map((each) => ({ ...each, lastTransitionTime: now }));
    const body = { metadata: { finalizers: [], labels: null }, status: { ...lie, conditions } };
    expect((await setting.patch([CONFIGS, 'shared', '--subresource=status'], body)).stderr).toContain('Forbidden');
    await setting.api.patch(setting.namespace, CONFIGS, 'shared', body, 'liar', '/status');
    expect((await setting.get(CONFIGS, 'shared'))?.metadata.finalizers).toEqual([FINALIZER]);
    await setting.expectGuarded();
    expect((await kubectl(['delete', CONFIGS, 'shared', '-n', setting.namespace])).stderr).toContain(IN_USE);
  });

  it('finalizers are no subresource, and one that is taken off comes back', async () => {
    const path = `/apis/toolhive.stacklok.dev/v1beta1/namespaces/${setting.namespace}/${CONFIGS}/shared/finalizers`;
    await expect(setting.api.client.request({ method: 'PUT', path, body: config('shared') })).rejects.toMatchObject({
      status: 404,
    });
    await setting.api.patch(setting.namespace, CONFIGS, 'shared', {
      metadata: { finalizers: [], labels: { [IN_USE_LABEL]: null } },
    });
    expect((await setting.get(CONFIGS, 'shared'))?.metadata.finalizers).toEqual([FINALIZER]);
    expect((await kubectl(['delete', CONFIGS, 'shared', '-n', setting.namespace])).stderr).toContain(IN_USE);
  });
});

describe('by server-side apply of our fields under another manager', () => {
  const force = (object: object, subresource = ''): ReturnType<typeof kubectl> =>
    kubectl(
      [
        ...[
          'apply',
          '--server-side',
          '--force-conflicts',
          '--field-manager=mallory',
          '-n',
          setting.namespace,
          '-f',
          '-',
          MALLORY,
        ],
        ...(subresource === '' ? [] : [`--subresource=${subresource}`]),
      ],
      JSON.stringify(object),
    );
  const { apiVersion, kind } = workload('MCPServer', 'w', {});

  it('annotations are replaced', async () => {
    await force({ apiVersion, kind, metadata: { name: 'w', annotations: { [ANNOTATIONS.configHash]: FORGED } } });
    const object = await setting.get('mcpservers', 'w');
    expect(object && annotation(object, ANNOTATIONS.configHash)).toBe(HASH);
  });

  it('a status that is taken over is told apart: ours says PolicyVerified, and pods are guarded as before', async () => {
    const lastTransitionTime = new Date().toISOString();
    const lie = { type: 'AuthzConfigRefValidated', status: 'False', reason: 'Lie', message: 'no', lastTransitionTime };
    const { code } = await force(
      { apiVersion, kind, metadata: { name: 'w' }, status: { conditions: [lie] } },
      'status',
    );
    expect(code).toBe(0);
    await eventually('our verdict', async () => {
      const verdict = conditionOf(await setting.get('mcpservers', 'w'), 'PolicyVerified');
      return verdict?.['reason'] === 'AuthzConfigRefValid';
    });
    await setting.expectGuarded();
  });

  it('the ConfigMap that pods mount is put right, also where our label is taken off it', async () => {
    const before = await copy();
    const open = { data: { 'runconfig.json': '{"name":"w"}' } };
    const unlabelled = { metadata: { labels: null, annotations: null }, ...open };
    for (const change of [open, unlabelled]) {
      await must(kubectl, [
        ...['patch', 'configmap', 'w-authz-runconfig', '-n', setting.namespace, '--type=merge', MALLORY],
        ...['--field-manager=mallory', '-p', JSON.stringify(change)],
      ]);
      await eventually('it is as it was', async () => {
        const now = await copy();
        return (
          JSON.stringify(now?.['data']) === JSON.stringify(before?.['data']) &&
          JSON.stringify(now?.metadata.labels) === JSON.stringify(before?.metadata.labels)
        );
      });
    }
  });
});

describe('through a ConfigMap with our name', () => {
  it('that was there before: no pod starts from it, and the workload says why', async () => {
    const mine = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x-authz-runconfig' } };
    await setting.create({ ...mine, data: { 'runconfig.json': '{"name":"x"}' } }, MALLORY);
    await operate(
      setting.cluster,
      'MCPServer',
      await setting.api.create(setting.namespace, 'mcpservers', workload('MCPServer', 'x', REFERENCE)),
      0,
    );
    await eventually('it is told', async () => {
      const injected = conditionOf(await setting.get('mcpservers', 'x'), 'AuthzInjected');
      return injected?.['reason'] === 'NameClash';
    });
    const start = (): ReturnType<typeof kubectl> => {
      const { metadata, ...rest } = pod('MCPServer', 'x');
      return setting.create({ ...rest, metadata: { ...metadata, namespace: setting.namespace } }, MALLORY);
    };
    const refused = await start();
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('failed calling webhook "pods.mutate')]);
    await setting.cluster.remove('v1/configmaps/x-authz-runconfig');
    await eventually('ours takes its place', async () => {
      const map = await setting.cluster.get('v1/configmaps/x-authz-runconfig');
      return map !== undefined;
    });
    expect(hashOf(JSON.parse((await start()).stdout))).toBe(HASH);
  });
});
