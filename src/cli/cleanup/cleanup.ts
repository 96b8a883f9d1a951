/**
 * Takes away everything of ours. The registrations go first, or the mutating webhook would put a finalizer back; then
 * the Lease is taken, so that a server that still runs writes nothing more.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { at, stringAt, type JsonObject } from '../../api/json.ts';
import { COMPONENT_LABEL } from '../../api/names.ts';
import type { KubernetesObject } from '../../api/objects.ts';
import { AUTHZ_CONFIG, GROUP, WORKLOADS } from '../../api/toolhive.ts';
import { CONFIGURATION_RESOURCES, configurationPath } from '../../certs/published.ts';
import { isSelfManaged } from '../../certs/secret.ts';
import { BACKSTOP_NAME } from '../../engine/backstop.ts';
import type { KubeClient } from '../../kube/client.ts';
import { createDiscovery } from '../../kube/discovery.ts';
import { ApiError, isConflict } from '../../kube/errors.ts';
import { claimed, leaseRecord } from '../../kube/lease-record.ts';
import { listAll } from '../../kube/list.ts';
import { getObject } from '../../kube/get.ts';
import { createWriter, FIELD_MANAGER, type Writer } from '../../kube/write.ts';
import { deletion, objectRemovals, type FoundObject, type Removal } from './plan.ts';

export interface CleanupNames {
  readonly namespace: string;
  readonly configuration: string;
  readonly secret: string;
  readonly lease: string;
  /** Of the server. */
  readonly account: string;
  /** Of the server, to be scaled to nothing first. */
  readonly deployment?: string | undefined;
}

export interface Found {
  readonly registrations: readonly FoundObject[];
  readonly lease: FoundObject | undefined;
  readonly objects: readonly FoundObject[];
  readonly configMaps: readonly FoundObject[];
  readonly secret: FoundObject | undefined;
}

export async function find(client: KubeClient, names: CleanupNames, signal: AbortSignal): Promise<Found> {
  const get = async (path: string): Promise<FoundObject | undefined> => {
    const object = await getObject(client, path, signal);
    return object === undefined ? undefined : { path, object };
  };
  const registrations = await Promise.all([
    ...CONFIGURATION_RESOURCES.map((resource) => get(configurationPath(resource, names.configuration))),
    ...['validatingadmissionpolicybindings', 'validatingadmissionpolicies'].map((resource) =>
      get(`/apis/admissionregistration.k8s.io/v1/${resource}/${BACKSTOP_NAME}`).catch(notAllowed),
    ),
  ]);
  const namespace = encodeURIComponent(names.namespace);
  const secret = await get(`/api/v1/namespaces/${namespace}/secrets/${encodeURIComponent(names.secret)}`);
  const served = await createDiscovery({ client, clock: () => performance.now() }).served(signal);
  const api = `/apis/${GROUP}/${served?.version ?? ''}`;
  const resources = [AUTHZ_CONFIG, ...WORKLOADS].filter(({ resource }) => served?.resources.has(resource) === true);
  const objects = await Promise.all(
    resources.map(({ resource }) => listed(client, `${api}/${resource}`, api, resource, signal)),
  );
  const configMaps = await listed(client, '/api/v1/configmaps', '/api/v1', 'configmaps', signal);
  return {
    registrations: registrations.filter((each) => each !== undefined),
    lease: await get(`/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${encodeURIComponent(names.lease)}`),
    objects: objects.flat(),
    configMaps: configMaps.filter(({ object }) => object.metadata.labels?.[COMPONENT_LABEL] !== undefined),
    secret: secret !== undefined && isSelfManaged(secret.object) ? secret : undefined,
  };
}

export function removals({ registrations, objects, configMaps, secret, lease }: Found): readonly Removal[] {
  const last = [secret, lease].filter((each) => each !== undefined);
  return [
    ...registrations.map(deletion),
    ...objects.flatMap(objectRemovals),
    ...configMaps.map(deletion),
    ...last.map(deletion),
  ];
}

export interface CleanupDeps {
  readonly client: KubeClient;
  readonly now: () => Date;
  readonly say: (text: string) => void;
}

/** @throws ApiError where something could not be removed; what was removed stays removed, and it may be called again. */
export async function cleanUp(names: CleanupNames, deps: CleanupDeps, signal: AbortSignal): Promise<void> {
  const { client, say } = deps;
  const writer = createWriter(client);
  const before = await find(client, names, signal);
  if (names.deployment !== undefined) {
    await scaleDown(names.namespace, names.deployment, deps, signal);
  }
  for (const registration of before.registrations) {
    await remove(writer, deletion(registration), say, signal);
  }
  const running = before.lease !== undefined && (await takeLease(before.lease, names, deps, signal));
  // Looked at again: the loop may have written until a moment ago; and again where somebody else writes meanwhile.
  for (let round = 0; round < ROUNDS; round += 1) {
    const left = removals({ ...(await find(client, names, signal)), lease: undefined });
    if (left.length === 0) {
      break;
    }
    for (const each of left) {
      await remove(writer, each, say, signal);
    }
  }
  const { lease } = await find(client, names, signal);
  if (lease !== undefined && running) {
    // Whoever runs would take it as soon as it is gone, and begin again.
    say(`the Lease stays taken for ten minutes and goes with ${ownerPath(names).what}; stop the server before that`);
  } else if (lease !== undefined) {
    await remove(writer, deletion(lease), say, signal);
  }
}

const ROUNDS = 5;
const SCALE_DOWN_MS = 60_000;
const SCALE_POLL_MS = 200;
const HOLD_MS = 10 * 60_000;
/** A leader renews every two seconds, sees that the lease is not its own, and ends what it is about to write. */
const LEADER_ENDS_MS = 5000;

function isFresh({ object }: FoundObject, now: Date): boolean {
  const renewed = Date.parse(stringAt(object, 'spec', 'renewTime') ?? '');
  const seconds = Number(at(object, 'spec', 'leaseDurationSeconds') ?? 0);
  return stringAt(object, 'spec', 'holderIdentity') !== '' && now.getTime() - renewed < seconds * 1000;
}

/** A rollout would bring replicas back that are only stopped. */
async function scaleDown(
  namespace: string,
  deployment: string,
  { client, say }: CleanupDeps,
  signal: AbortSignal,
): Promise<void> {
  const path = scalePath(namespace, deployment);
  try {
    await createWriter(client).mergePatch(path, { spec: { replicas: 0 } }, signal);
    const until = performance.now() + SCALE_DOWN_MS;
    while (Number(at(await getObject(client, path, signal), 'status', 'replicas') ?? 0) > 0) {
      if (performance.now() > until) {
        say(`Deployment ${deployment} still has replicas; going on`);
        return;
      }
      await sleep(SCALE_POLL_MS, undefined, { signal });
    }
    say(`scaled Deployment ${deployment} to nothing`);
  } catch (error) {
    if (!(error instanceof ApiError && error.code === 'API_NOT_FOUND')) {
      throw error;
    }
  }
}

/**
 * From whoever holds it: the next renewal of that one fails by its resourceVersion, and it stops leading. True where
 * somebody did hold it.
 */
async function takeLease(
  lease: FoundObject,
  names: CleanupNames,
  { client, now, say }: CleanupDeps,
  signal: AbortSignal,
): Promise<boolean> {
  const held = isFresh(lease, now());
  const writer = createWriter(client);
  const claim = { identity: 'mcp-authz cleanup', durationMs: HOLD_MS, now: now() };
  let current: FoundObject | undefined = lease;
  while (current !== undefined) {
    const body = claimed(leaseRecord(current.object), claim);
    try {
      await writer.replace(lease.path, { ...body, ...(await owned(body, names, client, signal)) }, signal);
      break;
    } catch (error) {
      if (!isConflict(error)) {
        throw error;
      }
      const object = await getObject(client, lease.path, signal);
      current = object === undefined ? undefined : { path: lease.path, object };
    }
  }
  if (held) {
    say('a server still runs; its lease is taken, so that it writes nothing more');
    await sleep(LEADER_ENDS_MS, undefined, { signal });
  }
  return held;
}

/** Goes with the server, so that an uninstall that runs this first leaves no Lease. */
async function owned(lease: JsonObject, names: CleanupNames, client: KubeClient, signal: AbortSignal): Promise<object> {
  const { path, apiVersion, kind } = ownerPath(names);
  const owner = await getObject(client, path, signal).catch(() => undefined);
  const { name, uid } = owner?.metadata ?? {};
  const ownerReferences = uid === undefined ? [] : [{ apiVersion, kind, name, uid }];
  return { metadata: { ...(at(lease, 'metadata') as object), ownerReferences } };
}

/** The scale of a Deployment bears its uid, and may be read by whoever scales it. */
function ownerPath({ namespace, account, deployment }: CleanupNames): {
  readonly what: string;
  readonly path: string;
  readonly apiVersion: string;
  readonly kind: string;
} {
  return deployment === undefined
    ? {
        what: `ServiceAccount ${account}`,
        path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(account)}`,
        ...{ apiVersion: 'v1', kind: 'ServiceAccount' },
      }
    : {
        what: `Deployment ${deployment}`,
        path: scalePath(namespace, deployment),
        ...{ apiVersion: 'apps/v1', kind: 'Deployment' },
      };
}

function scalePath(namespace: string, deployment: string): string {
  return `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/deployments/${encodeURIComponent(deployment)}/scale`;
}

async function remove(
  writer: Writer,
  removal: Removal,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    await write(writer, removal, signal);
    say(`removed ${removal.what}`);
  } catch (error) {
    // Gone already, or changed meanwhile: the next round looks again.
    if (!isConflict(error) && !(error instanceof ApiError && error.code === 'API_NOT_FOUND')) {
      throw error;
    }
  }
}

function write(writer: Writer, removal: Removal, signal: AbortSignal): Promise<unknown> {
  switch (removal.kind) {
    case 'delete':
      return writer.remove(removal.path, { uid: removal.uid }, signal);
    case 'patch':
      return writer.mergePatch(removal.path, removal.patch, signal);
    case 'status':
      return writer.applyStatus(removal.path, removal.body, { fieldManager: FIELD_MANAGER, force: false }, signal);
  }
}

/** The backstop puts nothing back, so whoever may not see it can leave it to who installed it. */
function notAllowed(error: unknown): undefined {
  if (!(error instanceof ApiError && error.code === 'API_FORBIDDEN')) {
    throw error;
  }
}

async function listed(
  client: KubeClient,
  path: string,
  api: string,
  resource: string,
  signal: AbortSignal,
): Promise<readonly FoundObject[]> {
  const found: FoundObject[] = [];
  for await (const page of listAll(client, { path, signal })) {
    found.push(...page.map((object) => ({ path: objectPath(api, resource, object), object })));
  }
  return found;
}

function objectPath(api: string, resource: string, { metadata }: KubernetesObject): string {
  const { namespace = '', name = '' } = metadata;
  return `${api}/namespaces/${encodeURIComponent(namespace)}/${resource}/${encodeURIComponent(name)}`;
}
