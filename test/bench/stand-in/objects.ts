/** The objects of the stand-in API server, made as they are asked for: a hundred thousand of them cost it no memory. */
import { CONFIG, NAMESPACE, POLICY } from '../reviews.ts';

export interface Population {
  readonly workloads: number;
  readonly configs: number;
}

export const RESOURCE_VERSION = '1000';
const GROUP_VERSION = 'toolhive.stacklok.dev/v1beta1';
/** Workloads of one namespace, and of one config. */
const PER_NAMESPACE = 1000;
const PER_CONFIG = 10;

const KINDS = { mcpservers: 'MCPServer', mcpremoteproxies: 'MCPRemoteProxy', virtualmcpservers: 'VirtualMCPServer' };
export type WorkloadResource = keyof typeof KINDS;
export const WORKLOAD_RESOURCES = Object.keys(KINDS) as readonly WorkloadResource[]; // the keys of a constant
export const CONFIG_RESOURCE = 'mcpauthzconfigs';

/** How many of a resource there are: the workloads are spread over the three kinds. */
export function countOf(resource: string, { workloads, configs }: Population): number {
  const kind = WORKLOAD_RESOURCES.findIndex((each) => each === resource);
  return resource === CONFIG_RESOURCE ? configs + 1 : kind < 0 ? 0 : Math.floor((workloads + 2 - kind) / 3);
}

export function kindOf(resource: string): string {
  return resource === CONFIG_RESOURCE
    ? 'MCPAuthzConfig'
    : resource in KINDS
      ? KINDS[resource as WorkloadResource] // `in` has just told
      : 'Object';
}

export function objectOf(resource: string, number: number): object {
  return resource === CONFIG_RESOURCE ? config(number) : workload(resource, number);
}

/** The first one is what the requests of the benchmark refer to. */
function config(number: number): object {
  const [namespace, name] =
    number === 0 ? [NAMESPACE, CONFIG] : [namespaceOf((number - 1) * PER_CONFIG), `config-${String(number)}`];
  return {
    apiVersion: GROUP_VERSION,
    kind: 'MCPAuthzConfig',
    metadata: { ...metadata(CONFIG_RESOURCE, namespace, name), labels: { 'app.kubernetes.io/part-of': 'tools' } },
    spec: { type: 'cedarv1', config: { policies: [POLICY, number === 0 ? POLICY : policyOf(number)] } },
  };
}

function policyOf(number: number): string {
  return POLICY.replace('weather', `tool-${String(number)}`);
}

function workload(resource: string, number: number): object {
  const authorization = { authzConfigRef: { name: `config-${String(1 + Math.floor(number / PER_CONFIG))}` } };
  const oidc = { oidcConfigRef: { name: 'corporate', audience: 'tools' } };
  const spec =
    resource === 'virtualmcpservers'
      ? { groupRef: { name: 'group' }, incomingAuth: { type: 'oidc', ...oidc, ...authorization } }
      : { image: 'example.com/mcp/server:1', transport: 'stdio', ...oidc, ...authorization };
  return {
    apiVersion: GROUP_VERSION,
    kind: kindOf(resource),
    metadata: metadata(resource, namespaceOf(number), `workload-${String(number)}`),
    spec: {
      ...spec,
      env: Array.from({ length: 5 }, (_, entry) => ({ name: `SETTING_${String(entry)}`, value: 'on' })),
    },
    status: { phase: 'Ready', observedGeneration: 1, url: 'http://workload.tools.svc.cluster.local:8080' },
  };
}

function namespaceOf(number: number): string {
  return `team-${String(Math.floor(number / PER_NAMESPACE))}`;
}

function metadata(resource: string, namespace: string, name: string): object {
  return {
    ...{ name, namespace },
    uid: `${resource}-${namespace}-${name}`,
    resourceVersion: RESOURCE_VERSION,
    generation: 1,
    creationTimestamp: '2026-11-24T12:00:00Z',
    managedFields: [
      {
        ...{ manager: 'kubectl-client-side-apply', operation: 'Update', apiVersion: GROUP_VERSION },
        ...{ time: '2026-11-24T12:00:00Z', fieldsType: 'FieldsV1' },
        fieldsV1: { 'f:spec': { '.': {}, 'f:image': {}, 'f:transport': {}, 'f:authzConfigRef': { 'f:name': {} } } },
      },
    ],
  };
}

/** The number in a name that {@link objectOf} gave; undefined for others. */
export function numberOf(resource: string, namespace: string, name: string): number | undefined {
  if (resource === CONFIG_RESOURCE && namespace === NAMESPACE && name === CONFIG) {
    return 0;
  }
  const number = /^(?:config|workload)-(\d+)$/.exec(name)?.[1];
  return number === undefined ? undefined : Number(number);
}
