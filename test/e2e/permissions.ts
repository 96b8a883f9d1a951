/** Permissions one by one: which of them an account used, as the API server's audit log has it, and whether it needs each. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { at, isJsonObject, stringAt, type JsonObject } from '../../src/api/json.ts';
import type { KubernetesObject } from '../../src/api/objects.ts';
import { createKubeClient, type ApiRequest, type KubeClient } from '../../src/kube/client.ts';
import { hasCode } from './api.ts';

/** What is left when a role is taken apart: one verb on one resource. */
export interface Permission {
  readonly role: 'ClusterRole' | 'Role';
  readonly group: string;
  /** With its subresource: `pods/eviction`. */
  readonly resource: string;
  readonly verb: string;
  /** Where it is for one object only. */
  readonly name?: string;
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** Both roles of an account, which has the same name. */
export function permissionsOf(release: readonly KubernetesObject[], account: string): readonly Permission[] {
  return (['ClusterRole', 'Role'] as const).flatMap((role) => {
    const found = release.find(({ kind, metadata }) => kind === role && metadata.name === account);
    return ((found?.['rules'] ?? []) as readonly Rule[]).flatMap(({ apiGroups, resources, verbs, resourceNames }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          verbs.flatMap((verb) =>
            resourceNames === undefined
              ? [{ role, group, resource, verb }]
              : resourceNames.map((name) => ({ role, group, resource, verb, name })),
          ),
        ),
      ),
    );
  });
}

export function describe({ group, resource, verb, name }: Permission): string {
  return [verb, group === '' ? resource : `${resource}.${group}`, name].filter(Boolean).join(' ');
}

/** One line of the audit log. */
interface Asked {
  readonly user: string;
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
  readonly name: string;
  readonly code: number;
  readonly uri: string;
  readonly body: unknown;
}

export interface AuditLog {
  readonly flags: readonly string[];
  /** By that user, in order. */
  asked(user: string): readonly Asked[];
}

/** Written before the request goes on, with bodies; only of ServiceAccounts, since that is what is looked at. */
export function createAuditLog(folder: string): AuditLog {
  const [policy, log] = [join(folder, 'audit-policy.json'), join(folder, 'audit.log')];
  const rules = [{ level: 'Request', userGroups: ['system:serviceaccounts'] }, { level: 'None' }];
  const omitStages = ['RequestReceived'];
  writeFileSync(policy, JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', omitStages, rules }));
  writeFileSync(log, '');
  return {
    flags: [`--audit-policy-file=${policy}`, `--audit-log-path=${log}`],
    asked: (user) =>
      readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line.endsWith('}'))
        .map((line) => asked(JSON.parse(line)))
        .filter((each) => each.user === user && each.resource !== ''),
  };
}

function asked(line: unknown): Asked {
  const [resource = '', subresource] = ['resource', 'subresource'].map((key) => stringAt(line, 'objectRef', key));
  return {
    user: stringAt(line, 'user', 'username') ?? '',
    group: stringAt(line, 'objectRef', 'apiGroup') ?? '',
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    verb: stringAt(line, 'verb') ?? '',
    name: stringAt(line, 'objectRef', 'name') ?? '',
    code: Number(at(line, 'responseStatus', 'code') ?? 0),
    uri: stringAt(line, 'requestURI') ?? '',
    body: at(line, 'requestObject'),
  };
}

const FORBIDDEN = 403;
const CREATED = 201;

/** A request that was answered and that needed the permission. Server-side apply of what is not there needs two. */
export function useOf(permission: Permission, log: readonly Asked[]): Asked | undefined {
  return log.find(({ group, resource, verb, name, code }) => {
    const same = group === permission.group && resource === permission.resource && code !== FORBIDDEN;
    const applied = permission.verb === 'create' && verb === 'patch' && code === CREATED;
    const named = permission.name === undefined || permission.name === name;
    return same && named && (verb === permission.verb || applied);
  });
}

export function refused(log: readonly Asked[]): readonly string[] {
  return log.filter(({ code }) => code === FORBIDDEN).map(({ verb, uri }) => `${verb} ${uri}`);
}

const METHODS: Readonly<Record<string, ApiRequest['method']>> = {
  ...{ get: 'GET', list: 'GET', watch: 'GET', create: 'POST', update: 'PUT', patch: 'PATCH', delete: 'DELETE' },
};

/** The same request again, as a dry run, and short where it would last. What was created by apply gets another name. */
export function again({ uri, verb, code, body }: Asked): ApiRequest {
  const url = new URL(uri, 'https://api');
  const method = METHODS[verb] ?? 'GET';
  const anew = verb === 'patch' && code === CREATED;
  const other = anew && isJsonObject(body) ? renamed(body) : body;
  return {
    method,
    path: anew ? `${url.pathname}${AGAIN}` : url.pathname,
    query: {
      ...Object.fromEntries(url.searchParams),
      ...(method === 'GET' ? { timeoutSeconds: '1', limit: '1' } : { dryRun: 'All' }),
    },
    ...(method === 'GET' ? {} : { body: other ?? {} }),
    ...(method === 'PATCH' ? { contentType: patchType(url) } : {}),
    attempts: 1,
    signal: AbortSignal.timeout(20_000),
  };
}

const AGAIN = '-again';

function renamed(body: JsonObject): JsonObject {
  const metadata = at(body, 'metadata');
  return {
    ...body,
    metadata: { ...(isJsonObject(metadata) ? metadata : {}), name: `${stringAt(metadata, 'name') ?? ''}${AGAIN}` },
  };
}

/** Only apply says whether it forces. */
function patchType(url: URL): string {
  return url.searchParams.has('force') ? 'application/apply-patch+yaml' : 'application/merge-patch+json';
}

export async function isForbidden(client: KubeClient, request: ApiRequest): Promise<boolean> {
  try {
    await client.request(request);
    return false;
  } catch (error) {
    return hasCode(error, 'API_FORBIDDEN');
  }
}

/** The administrator, who says to be somebody else. */
export function impersonate(kubeconfig: string, user: string): KubeClient {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const [cluster, admin] = [config.getCurrentCluster(), config.getCurrentUser()];
  if (cluster === null || admin === null) {
    throw new Error('the kubeconfig is incomplete');
  }
  config.loadFromClusterAndUser(cluster, { ...admin, impersonateUser: user });
  return createKubeClient(config);
}

/** Roles and bindings that give `user` in `namespace` what the account has, but for one permission. */
export function rolesWithout(
  release: readonly KubernetesObject[],
  account: string,
  { user, namespace, without }: { readonly user: string; readonly namespace: string; readonly without?: Permission },
): readonly object[] {
  return (['ClusterRole', 'Role'] as const).flatMap((role) => {
    const apiVersion = 'rbac.authorization.k8s.io/v1';
    const metadata = role === 'Role' ? { name: user, namespace } : { name: user };
    const rules = permissionsOf(release, account)
      .filter((each) => each.role === role && !(without !== undefined && describe(each) === describe(without)))
      .map(({ group, resource, verb, name }) => ({
        ...{ apiGroups: [group], resources: [resource], verbs: [verb] },
        ...(name === undefined ? {} : { resourceNames: [name] }),
      }));
    return [
      { apiVersion, kind: role, metadata, rules },
      {
        ...{ apiVersion, kind: `${role}Binding`, metadata },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: role, name: user },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
      },
    ];
  });
}
