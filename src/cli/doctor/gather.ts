/** Asks the API server for everything that the checks look at; what it refuses to tell is noted, not fatal. */
import { at, isJsonObject } from '../../api/json.ts';
import type { KubernetesObject } from '../../api/objects.ts';
import { AUTHZ_CONFIG, GROUP, WORKLOADS } from '../../api/toolhive.ts';
import { CONFIGURATION_RESOURCES, configurationPath } from '../../certs/published.ts';
import type { KubeClient } from '../../kube/client.ts';
import { createDiscovery } from '../../kube/discovery.ts';
import { ApiError, messageOf } from '../../kube/errors.ts';
import { listAll } from '../../kube/list.ts';
import { getObject } from '../../kube/get.ts';
import type { Gathered, ProbeOutcome } from './gathered.ts';
import { permissionsFor, type Permission } from './permissions.ts';

export interface GatherOptions {
  readonly names: Gathered['names'] & { readonly lease: string; readonly account: string };
  /** Where the dry-run objects are written to; nothing is stored. */
  readonly probeNamespace: string;
}

export async function gather(
  client: KubeClient,
  { names, probeNamespace }: GatherOptions,
  { now, signal }: { readonly now: Date; readonly signal: AbortSignal },
): Promise<Gathered> {
  const unknown: { what: string; why: string }[] = [];
  const attempt = async <T>(what: string, otherwise: T, ask: () => Promise<T>): Promise<T> => {
    try {
      return await ask();
    } catch (error) {
      unknown.push({ what, why: messageOf(error) });
      return otherwise;
    }
  };
  const get = (what: string, path: string): Promise<KubernetesObject | undefined> =>
    attempt<KubernetesObject | undefined>(what, undefined, () => getObject(client, path, signal));
  const list = (what: string, path: string): Promise<readonly KubernetesObject[]> =>
    attempt<readonly KubernetesObject[]>(what, [], () => everything(client, path, signal));

  const configurations = await Promise.all(
    CONFIGURATION_RESOURCES.map((resource) => get(resource, configurationPath(resource, names.configuration))),
  );
  const version = await attempt<string | undefined>('the API', undefined, async () => {
    const served = await createDiscovery({ client, clock: () => performance.now() }).served(signal);
    return served?.version;
  });
  const inNamespace = `/api/v1/namespaces/${encodeURIComponent(names.namespace)}`;
  const api = `/apis/${GROUP}/${version ?? ''}`;
  const account = `system:serviceaccount:${names.namespace}:${names.account}`;
  const listed = async (resources: readonly string[]): Promise<readonly KubernetesObject[]> =>
    version === undefined
      ? []
      : (await Promise.all(resources.map((resource) => list(resource, `${api}/${resource}`)))).flat();
  return {
    now,
    names,
    configurations: configurations.filter((each) => each !== undefined),
    secret: await get(`Secret ${names.secret}`, `${inNamespace}/secrets/${encodeURIComponent(names.secret)}`),
    lease: await get(`Lease ${names.lease}`, leasePath(names.namespace, names.lease)),
    probes: version === undefined ? undefined : await probe(client, version, probeNamespace, signal),
    account,
    permissions: await attempt<Gathered['permissions']>('the permissions', [], () =>
      Promise.all(permissionsFor(names).map((each) => review(client, account, each, names.namespace, signal))),
    ),
    crds: (await list('the CRDs', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions')).filter(
      ({ metadata }) => metadata.name?.endsWith(`.${GROUP}`) === true,
    ),
    configs: await listed([AUTHZ_CONFIG.resource]),
    workloads: await listed(WORKLOADS.map(({ resource }) => resource)),
    unknown,
  };
}

export function leasePath(namespace: string, name: string): string {
  return `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases/${encodeURIComponent(name)}`;
}

export async function everything(
  client: KubeClient,
  path: string,
  signal: AbortSignal,
): Promise<readonly KubernetesObject[]> {
  const found: KubernetesObject[] = [];
  for await (const page of listAll(client, { path, signal })) {
    found.push(...page);
  }
  return found;
}

/** The smallest that must pass and the smallest that must not: what is no Cedar keeps every proxy from starting. */
const POLICIES = {
  good: 'permit(principal, action == Action::"call_tool", resource == Tool::"weather");',
  bad: 'this is no policy',
};

async function probe(
  client: KubeClient,
  version: string,
  namespace: string,
  signal: AbortSignal,
): Promise<Gathered['probes']> {
  const path = `/apis/${GROUP}/${version}/namespaces/${encodeURIComponent(namespace)}/${AUTHZ_CONFIG.resource}`;
  const ask = async (policy: string): Promise<ProbeOutcome> => {
    const body = {
      apiVersion: `${GROUP}/${version}`,
      kind: AUTHZ_CONFIG.kind,
      metadata: { generateName: 'mcp-authz-doctor-' },
      spec: { type: 'cedarv1', config: { policies: [policy] } },
    };
    try {
      await client.request({ method: 'POST', path, query: { dryRun: 'All' }, body, signal });
      return { kind: 'admitted' };
    } catch (error) {
      // 4xx is somebody's answer; a webhook that cannot be called is 500.
      const refused = error instanceof ApiError && error.status >= 400 && error.status < 500;
      return { kind: refused ? 'refused' : 'failed', message: messageOf(error) };
    }
  };
  return { good: await ask(POLICIES.good), bad: await ask(POLICIES.bad) };
}

/** Asked for the server's account; where we may not ask about others, for ourselves (in its own Pod that is the same). */
async function review(
  client: KubeClient,
  user: string,
  permission: Permission,
  namespace: string,
  signal: AbortSignal,
): Promise<Permission & { allowed: boolean }> {
  const { group, resource, subresource, verb, name, own } = permission;
  const resourceAttributes = {
    ...{ group, resource, verb },
    ...(subresource === undefined ? {} : { subresource }),
    ...(name === undefined ? {} : { name }),
    ...(own === true ? { namespace } : {}),
  };
  const ask = (kind: string, who: object): Promise<unknown> =>
    client.request({
      method: 'POST',
      path: `/apis/authorization.k8s.io/v1/${kind.toLowerCase()}s`,
      body: { apiVersion: 'authorization.k8s.io/v1', kind, spec: { ...who, resourceAttributes } },
      signal,
    });
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
  const answer = await ask('SubjectAccessReview', { user, groups }).catch((error: unknown) => {
    if (error instanceof ApiError && error.code === 'API_FORBIDDEN') {
      return ask('SelfSubjectAccessReview', {});
    }
    throw error;
  });
  const status = at(answer, 'status');
  return { ...permission, allowed: isJsonObject(status) && status['allowed'] === true };
}
