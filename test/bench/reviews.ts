/** AdmissionReviews as the API server sends them: updates of an MCPServer that change its image. */
import { randomUUID } from 'node:crypto';

/**
 * `inline`: the workload carries its policies, and nothing has to be asked. `kept-reference`: it refers to a config, before
 * and after. `new-reference`: it refers to another config than before, or is new, and the rules read the config live,
 * together with its namespace; the peers have no such rule and read nothing.
 */
export type ReviewKind = keyof typeof TITLES;

const TITLES = { inline: '', 'kept-reference': ', reference kept', 'new-reference': ', new reference read live' };

/** Goes behind what was measured. */
export function titleOf(kind: ReviewKind): string {
  return TITLES[kind];
}

/** What is measured beside the peers that read nothing. */
export function readsLive(kind: ReviewKind): boolean {
  return kind === 'new-reference';
}

export const NAMESPACE = 'tools';
export const CONFIG = 'shared';
/** As long as the other one. */
const PREVIOUS = 'former';
export const POLICY = 'permit(principal, action == Action::"call_tool", resource == Tool::"weather");';

const GROUP = 'toolhive.stacklok.dev';
const VERSION = 'v1beta1';
/** The two objects carry the padding, so each gets half of it. */
const ENTRY_BYTES = 2 * 100;

export function reviewsOf(kind: ReviewKind, bytes: number, count: number): readonly string[] {
  const smallest = Buffer.byteLength(review(kind, 0, 0));
  const entries = Math.max(0, Math.round((bytes - smallest) / ENTRY_BYTES));
  return Array.from({ length: count }, (_, number) => review(kind, entries, number));
}

function mcpServer(kind: ReviewKind, name: string, image: string, entries: number, config = CONFIG): object {
  const authorization =
    kind === 'inline'
      ? { authzConfig: { type: 'inline', inline: { policies: [POLICY] } } }
      : { authzConfigRef: { name: config } };
  return {
    apiVersion: `${GROUP}/${VERSION}`,
    kind: 'MCPServer',
    metadata: {
      name,
      namespace: NAMESPACE,
      uid: randomUUID(),
      resourceVersion: '4711',
      generation: 3,
      creationTimestamp: '2026-11-24T12:00:00Z',
      labels: { 'app.kubernetes.io/name': name, team: 'weather' },
    },
    spec: {
      image,
      transport: 'streamable-http',
      proxyPort: 8080,
      oidcConfigRef: { name: 'corporate', audience: 'tools' },
      ...authorization,
      ...(entries === 0 ? {} : { env: Array.from({ length: entries }, (_, number) => environmentEntry(number)) }),
    },
  };
}

/** As its user creates it: the API server gives it the rest. */
export function newMcpServer(kind: ReviewKind, name: string, entries: number): object {
  return { ...mcpServer(kind, name, 'example.com/mcp/server:1', entries), metadata: { name } };
}

/** One hundred bytes as JSON, with the comma after it. */
function environmentEntry(number: number): object {
  const name = `SETTING_${String(number).padStart(5, '0')}`;
  return { name, value: `value-${String(number).padStart(5, '0')}-`.padEnd(64, 'abcdefghij') };
}

function review(kind: ReviewKind, entries: number, number: number): string {
  const name = `server-${String(number).padStart(4, '0')}`;
  return admissionReview('MCPServer', 'mcpservers', name, {
    operation: 'UPDATE',
    object: mcpServer(kind, name, `example.com/mcp/${name}:2`, entries),
    oldObject: mcpServer(kind, name, `example.com/mcp/${name}:1`, entries, readsLive(kind) ? PREVIOUS : CONFIG),
    options: { kind: 'UpdateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'kubectl-client-side-apply' },
  });
}

/** The creation of a config that nobody has seen before, with so many policies. */
export function configReview(number: number, policies: number): string {
  const name = `config-${String(number)}`;
  const own = Array.from({ length: policies }, (_, index) =>
    POLICY.replace('weather', `tool-${String(number)}-${String(index)}`),
  );
  return admissionReview('MCPAuthzConfig', 'mcpauthzconfigs', name, {
    operation: 'CREATE',
    object: authzConfig(NAMESPACE, name, own),
    oldObject: null,
    options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
  });
}

/** The deletion of a config that nothing refers to. */
export function deletionReview(namespace: string, name: string): string {
  return admissionReview('MCPAuthzConfig', 'mcpauthzconfigs', name, {
    ...{ namespace, operation: 'DELETE', object: null },
    oldObject: authzConfig(namespace, name, [POLICY]),
    options: { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1' },
  });
}

export function authzConfig(namespace: string, name: string, policies: readonly string[]): object {
  return {
    apiVersion: `${GROUP}/${VERSION}`,
    kind: 'MCPAuthzConfig',
    metadata: { name, namespace },
    spec: { type: 'cedarv1', config: { policies } },
  };
}

function admissionReview(kind: string, resource: string, name: string, request: object): string {
  const gvk = { group: GROUP, version: VERSION, kind };
  const gvr = { group: GROUP, version: VERSION, resource };
  return JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: randomUUID(),
      ...{ kind: gvk, resource: gvr, requestKind: gvk, requestResource: gvr },
      ...{ name, namespace: NAMESPACE, dryRun: false },
      userInfo: { username: 'alice', groups: ['developers', 'system:authenticated'] },
      ...request,
    },
  });
}
