/**
 * Which cluster, and as whom. The official client's own loader costs half a second and 80 MB, because its file imports
 * every model; the parsers and the exec plugin's runner do not, so these are taken from it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join, sep } from 'node:path';
import {
  newClusters,
  newContexts,
  newUsers,
  type Cluster,
  type Context,
  type User,
} from '@kubernetes/client-node/dist/config_types.js';
import { parse } from 'yaml';
import { at, isJsonObject, stringAt, type JsonObject } from '../api/json.ts';
import { codeOf } from './errors.ts';

export interface KubeConfigOptions {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** A user with what the official parser does not read. */
export interface KubeUser extends User {
  readonly tokenFile?: string;
  readonly impersonation?: Readonly<Record<string, string | readonly string[]>>;
}

export interface KubeConfig {
  readonly cluster: Cluster;
  /** Undefined is anonymous. */
  readonly user: KubeUser | undefined;
}

interface Parsed {
  readonly clusters: readonly Cluster[];
  readonly users: readonly KubeUser[];
  readonly contexts: readonly Context[];
  readonly current: string | undefined;
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * A named kubeconfig, else the files that KUBECONFIG names (merged as kubectl does: the first to say something wins),
 * the pod's own ServiceAccount, ~/.kube/config.
 * @throws Error that names the file and what is wrong with it, never its content.
 */
export function loadKubeConfig({ kubeconfig, context, environment = process.env }: KubeConfigOptions): KubeConfig {
  if (kubeconfig !== undefined) {
    return select(read(kubeconfig), context, kubeconfig);
  }
  const named = (environment['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '');
  if (named.length > 0) {
    return select(merge(named.filter((file) => existsSync(file)).map(read)), context, `KUBECONFIG=${named.join(delimiter)}`);
  }
  const inCluster = context === undefined ? serviceAccount(environment) : undefined;
  if (inCluster !== undefined) {
    return inCluster;
  }
  const home = join(environment['HOME'] ?? '', '.kube', 'config');
  if (!existsSync(home)) {
    throw new Error(`no cluster: there is no --kubeconfig, no KUBECONFIG, no ServiceAccount of a pod and no ${home}`);
  }
  return select(read(home), context, home);
}

function serviceAccount(environment: Readonly<Record<string, string | undefined>>): KubeConfig | undefined {
  const host = environment['KUBERNETES_SERVICE_HOST'];
  const tokenFile = `${SERVICE_ACCOUNT}/token`;
  if (host === undefined || host === '' || !existsSync(tokenFile)) {
    return undefined;
  }
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${environment['KUBERNETES_SERVICE_PORT'] ?? '443'}`;
  return {
    cluster: { name: 'in-cluster', server, caFile: `${SERVICE_ACCOUNT}/ca.crt`, skipTLSVerify: false },
    user: { name: 'service-account', tokenFile },
  };
}

function read(file: string): Parsed {
  let content: unknown;
  try {
    // Pretty errors would quote lines of the file, and a line may be a token.
    content = parse(readFileSync(file, 'utf8'), { prettyErrors: false });
  } catch (error) {
    throw new Error(`the kubeconfig ${file} cannot be read (${codeOf(error)})`, { cause: error });
  }
  try {
    const folder = dirname(file);
    const raw = at(content, 'users');
    return {
      clusters: newClusters(at(content, 'clusters')).map((cluster) => absolute(cluster, ['caFile'], folder)),
      users: newUsers(raw).map((user, index) => completeUser(user, Array.isArray(raw) ? at(raw[index], 'user') : {}, folder)),
      contexts: newContexts(at(content, 'contexts')),
      current: stringAt(content, 'current-context'),
    };
  } catch (error) {
    throw new Error(`the kubeconfig ${file} is wrong: ${error instanceof Error ? error.message : ''}`, { cause: error });
  }
}

function merge(files: readonly Parsed[]): Parsed {
  return {
    clusters: files.flatMap(({ clusters }) => clusters),
    users: files.flatMap(({ users }) => users),
    contexts: files.flatMap(({ contexts }) => contexts),
    current: files.map(({ current }) => current).find((name) => name !== undefined && name !== ''),
  };
}

function select({ clusters, users, contexts, current }: Parsed, asked: string | undefined, where: string): KubeConfig {
  const name = asked ?? current;
  if (name === undefined || name === '') {
    throw new Error(`no cluster: ${where} names no current context; give --context`);
  }
  const context = contexts.find((candidate) => candidate.name === name);
  if (context === undefined) {
    throw new Error(`no cluster: ${where} has no context "${name}"`);
  }
  const cluster = clusters.find((candidate) => candidate.name === context.cluster);
  if (cluster === undefined) {
    throw new Error(`no cluster: context "${name}" of ${where} names the cluster "${context.cluster}", which is not there`);
  }
  return { cluster, user: users.find((candidate) => candidate.name === context.user) };
}

/** tokenFile, impersonation beyond the user name, and paths relative to the file, as client-go understands them. */
function completeUser(user: User, raw: unknown, folder: string): KubeUser {
  const tokenFile = stringAt(raw, 'tokenFile');
  const complete: KubeUser = {
    ...absolute(user, ['certFile', 'keyFile'], folder),
    impersonation: impersonationOf(raw),
    ...(tokenFile === undefined ? {} : { tokenFile: pathFrom(folder, tokenFile) }),
  };
  const exec = at(raw, 'exec');
  return isJsonObject(exec) ? { ...complete, exec: completeExec(exec, folder) } : complete;
}

/** Plugins are told which version of ExecCredential is expected; the official client leaves it out. */
function completeExec(exec: JsonObject, folder: string): JsonObject {
  const command = stringAt(exec, 'command') ?? '';
  const env = at(exec, 'env');
  const told = {
    name: 'KUBERNETES_EXEC_INFO',
    value: JSON.stringify({ apiVersion: exec['apiVersion'], kind: 'ExecCredential', spec: { interactive: false } }),
  };
  return {
    ...exec,
    command: command.includes(sep) ? pathFrom(folder, command) : command,
    env: [told, ...(Array.isArray(env) ? (env as readonly unknown[]) : [])], // elements are the plugin's own affair
  };
}

function impersonationOf(raw: unknown): Readonly<Record<string, string | readonly string[]>> {
  const groups = at(raw, 'as-groups');
  const uid = stringAt(raw, 'as-uid');
  const name = stringAt(raw, 'as');
  return {
    ...(name === undefined ? {} : { 'Impersonate-User': name }),
    ...(uid === undefined ? {} : { 'Impersonate-Uid': uid }),
    ...(Array.isArray(groups) ? { 'Impersonate-Group': groups.map(String) } : {}),
  };
}

function absolute<T extends object>(holder: T, keys: readonly string[], folder: string): T {
  const paths = keys.map((key) => [key, stringAt(holder, key)] as const);
  // Only strings are replaced by strings, so the type stays.
  return {
    ...holder,
    ...Object.fromEntries(paths.flatMap(([key, path]) => (path === undefined ? [] : [[key, pathFrom(folder, path)]]))),
  };
}

function pathFrom(folder: string, path: string): string {
  return isAbsolute(path) || path === '' ? path : join(folder, path);
}
