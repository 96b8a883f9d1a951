/** What somebody has who tries to get in: a namespace with a config in use, and a user who may edit workloads but no configs. */
import { at, stringAt } from '../../../src/api/json.ts';
import { ANNOTATIONS } from '../../../src/api/names.ts';
import type { KubernetesObject } from '../../../src/api/objects.ts';
import { canonicalJson } from '../../../src/authorizers/canonical-json.ts';
import { sha256 } from '../../../src/authorizers/config-hash.ts';
import { must } from '../../../src/cli/playground/environment.ts';
import { pod } from '../../support/pods.ts';
import { adminApi, type Api } from '../api.ts';
import { applied, eventually, kubectl, makeNamespace } from '../cluster.ts';
import { clusterOf, objects, operate, type Cluster } from '../deployments.ts';
import { config, POLICY, REFERENCE, workload } from '../objects.ts';

export const CONFIGS = 'mcpauthzconfigs';
export const RUNTIME = canonicalJson({ cedar: { policies: [POLICY] }, type: 'cedarv1', version: '1.0' });
export const HASH = sha256(RUNTIME);
export const FORGED = 'f'.repeat(64);
export const IN_USE = 'is in use by ';
/** To kubectl: may do what she likes with workloads, ConfigMaps and pods, and look at configs. */
export const MALLORY = '--as=mallory';
/** The volume from which a proxy reads what it enforces. */
export const GUARDED = { name: 'runconfig', configMap: { name: 'w-authz-runconfig', defaultMode: 420 } };

export interface Setting {
  readonly api: Api;
  /** In it: config `shared`, MCPServer `w` that refers to it, and what the operator makes of that, without pods. */
  readonly namespace: string;
  readonly cluster: Cluster;
  get(resource: string, name: string): Promise<KubernetesObject | undefined>;
  /** kubectl create, as administrator where no flag says otherwise. */
  create(object: object, ...flags: readonly string[]): ReturnType<typeof kubectl>;
  /** JSON merge patch as mallory. */
  patch(what: readonly string[], body: object, ...flags: readonly string[]): ReturnType<typeof kubectl>;
  /** What the API server would make of a pod of `w` that looks like this, created by mallory. */
  probe(change?: (pod: KubernetesObject) => object): Promise<Probe>;
  /** A pod of `w` would enforce `shared`. */
  expectGuarded(): Promise<void>;
  close(): Promise<void>;
}

export interface Probe {
  readonly refusal: string;
  readonly pod: unknown;
}

export async function openSetting(): Promise<Setting> {
  const api = adminApi();
  const namespace = await makeNamespace();
  const cluster = clusterOf(api, namespace);
  await admitMallory(namespace);
  await applied(namespace, config('shared'));
  const made = await api.create(namespace, 'mcpservers', workload('MCPServer', 'w', REFERENCE));
  await operate(cluster, 'MCPServer', made, 0);
  await eventually(
    'the copy is there',
    async () => (await cluster.get('v1/configmaps/w-authz-runconfig')) !== undefined,
  );
  const create: Setting['create'] = (object, ...flags) =>
    kubectl(['create', '-n', namespace, '-o', 'json', '-f', '-', ...flags], JSON.stringify(object));
  const probe: Setting['probe'] = async (change = (same) => same) => {
    const plain = pod('MCPServer', 'w');
    const named = { ...plain, metadata: { ...plain.metadata, namespace, name: 'probe' } };
    const { code, stdout, stderr } = await create(change(named), '--dry-run=server', MALLORY);
    return { refusal: code === 0 ? '' : stderr, pod: stdout === '' ? undefined : (JSON.parse(stdout) as unknown) };
  };
  return {
    ...{ api, namespace, cluster, create, probe },
    get: (resource, name) => api.get(namespace, resource, name),
    patch: (what, body, ...flags) =>
      kubectl(['patch', ...what, '-n', namespace, '--type=merge', '-p', JSON.stringify(body), MALLORY, ...flags]),
    expectGuarded: async () => {
      const { refusal, pod: shown } = await probe();
      expect([refusal, hashOf(shown), volumeOf(shown, 'runconfig')]).toEqual(['', HASH, GUARDED]);
    },
    close: async () => {
      await kubectl(['delete', 'namespace', namespace, '--wait=false']);
      api.close();
    },
  };
}

async function admitMallory(namespace: string): Promise<void> {
  const group = 'toolhive.stacklok.dev';
  const workloads = ['mcpservers', 'mcpremoteproxies', 'virtualmcpservers'].map((name) => `${name}.${group}`);
  const hers = ['configmaps', 'pods', ...workloads, ...workloads.map((name) => `${name}/status`)];
  await must(kubectl, ['create', 'role', 'hers', '-n', namespace, '--verb=*', `--resource=${hers.join(',')}`]);
  const looks = ['--verb=get,list', `--resource=${CONFIGS}.${group}`];
  await must(kubectl, ['create', 'role', 'looks', '-n', namespace, ...looks]);
  for (const role of ['hers', 'looks']) {
    await must(kubectl, ['create', 'rolebinding', role, '-n', namespace, `--role=${role}`, '--user=mallory']);
  }
}

export function volumeOf(pod: unknown, name: string): unknown {
  return objects(at(pod, 'spec', 'volumes')).find((each) => each['name'] === name);
}

export function hashOf(object: unknown): string | undefined {
  return stringAt(object, 'metadata', 'annotations', ANNOTATIONS.configHash);
}
