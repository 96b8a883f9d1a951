/** Which workloads get a reference to which MCPAuthzConfig, and which stay as they are, and why. */
import { dirname, normalize } from 'node:path';
import type { KubernetesObject } from '../../api/objects.ts';
import { authorizerSpecOf, workloadType } from '../../api/toolhive.ts';
import type { Analysis, AuthorizerSpec } from '../../authorizers/analysis.ts';
import { fullRuntimeJson, sha256 } from '../../authorizers/config-hash.ts';
import { authorizer } from '../../authorizers/registry.ts';
import type { Manifest } from '../check/manifest.ts';
import { effectiveAuthorization } from './authorization.ts';
import { TEMPLATE, templateLine, type Found, type MigrationFiles } from './files.ts';
import { findHolder, type Holder } from './holder.ts';

export interface Migration {
  readonly manifest: Manifest;
  readonly object: KubernetesObject;
  readonly namespace: string | undefined;
  readonly form: 'inline' | 'configMap';
  readonly spec: AuthorizerSpec;
  readonly runtimeJson: string;
  readonly holder: Holder;
  readonly notes: readonly string[];
  /** Where configs can be shared: one namespace of one environment. */
  readonly scope: string;
}

export interface Refusal {
  readonly file: string;
  readonly line: number;
  /** The workload; undefined for a file that cannot be read as one. */
  readonly workload: string | undefined;
  readonly message: string;
}

/** One config and those that will refer to it, in the order of the files. */
export interface Group {
  readonly name: string;
  /** It is among the files already. */
  readonly exists: boolean;
  readonly migrations: readonly Migration[];
}

export interface Plan {
  readonly groups: readonly Group[];
  readonly refusals: readonly Refusal[];
}

export type Analyze = (spec: AuthorizerSpec) => Promise<Analysis>;

export async function planMigration(files: MigrationFiles, defaultNamespace: string, analyze: Analyze): Promise<Plan> {
  const scopes = scopesOf(files);
  const migrations: Migration[] = [];
  const refusals: Refusal[] = files.templates.map(({ file, line = 1, message }) => ({
    file,
    line,
    workload: undefined,
    message,
  }));
  for (const found of files.workloads) {
    const result = await migrationOf(found, files, defaultNamespace, scopes, analyze);
    if (result !== undefined && 'refused' in result) {
      const { line } = found.manifest.locate(result.path);
      refusals.push({
        file: found.manifest.file.name,
        line: result.line ?? line,
        workload: workloadName(found.object),
        message: result.refused,
      });
    } else if (result !== undefined) {
      migrations.push(result);
    }
  }
  return { groups: groupsOf(migrations, files.configs, scopes), refusals };
}

export function workloadName({ kind, metadata }: KubernetesObject): string {
  return `${kind} "${metadata.name ?? metadata.generateName ?? ''}"`;
}

interface Refused {
  readonly refused: string;
  readonly path: string;
  readonly line?: number;
}

async function migrationOf(
  { manifest, object, namespace }: Found,
  files: MigrationFiles,
  defaultNamespace: string,
  scopes: Scopes,
  analyze: Analyze,
): Promise<Migration | Refused | undefined> {
  const path = workloadType(object.kind)?.authorizationPath ?? ['spec'];
  const here = [...path, 'authzConfig'].join('.');
  const effective = effectiveAuthorization(object, (name) =>
    configMapNamed(name, { manifest, object, namespace }, files, defaultNamespace),
  );
  if (effective === undefined || 'refused' in effective) {
    return effective;
  }
  const { text } = manifest.file;
  const [start, , end] = manifest.source.node.range ?? [0, 0, 0];
  const template = templateLine(text, start, end);
  if (template !== undefined) {
    return { refused: TEMPLATE, path: here, line: template };
  }
  if ((object.metadata.name ?? '') === '') {
    return { refused: 'it has no metadata.name, after which its config could be named', path: here };
  }
  if (files.patches.has(normalize(manifest.file.name))) {
    return { refused: 'the file is a patch of a kustomization, where a new object has no place', path: here };
  }
  const analysis = await analyze(effective.spec);
  const [problem, ...others] = analysis.problems;
  if (problem !== undefined || analysis.rendering === undefined) {
    const more = others.length === 0 ? '' : ` (and ${String(others.length)} more)`;
    return {
      refused: `it is not valid, and would be refused as an MCPAuthzConfig: ${problem?.path ?? 'spec'}: ${problem?.message ?? ''}${more}`,
      path: here,
    };
  }
  const holder = findHolder(manifest, path);
  if ('refused' in holder) {
    return { refused: holder.refused, path: here };
  }
  if (directivesBefore(manifest)) {
    return { refused: 'its document has YAML directives (%), which another document before it would take', path: here };
  }
  const { runtimeJson } = analysis.rendering;
  return { manifest, object, namespace, ...effective, runtimeJson, holder, scope: scopes(manifest, namespace) };
}

function directivesBefore({ source: { document }, file }: Manifest): boolean {
  const before = file.text.slice(0, document.range?.[0] ?? 0);
  return /(^|\n)%[^\n]*\n(\s*(#[^\n]*)?\n)*$/.test(before);
}

type Scopes = (manifest: Manifest, namespace: string | undefined) => string;

/**
 * Files of several environments hold the same object several times; there, and where the namespace is left to a
 * kustomization or to kubectl, only files of one folder are applied together for sure.
 */
function scopesOf({ workloads }: MigrationFiles): Scopes {
  const keys = workloads.map(
    ({ object, namespace }) => `${object.kind}/${namespace ?? ''}/${object.metadata.name ?? ''}`,
  );
  const severalEnvironments = new Set(keys).size < keys.length;
  return ({ file }, namespace) =>
    namespace === undefined || severalEnvironments ? `${dirname(file.name)}\n${namespace ?? ''}` : `\n${namespace}`;
}

/** The nearest one: same file, same folder, then the only one there is. */
function configMapNamed(
  name: string,
  { manifest, namespace }: Found,
  { configMaps }: MigrationFiles,
  defaultNamespace: string,
): KubernetesObject | { readonly refused: string } {
  const wanted = namespace ?? defaultNamespace;
  const all = configMaps.filter(
    (each) => each.object.metadata.name === name && (each.namespace ?? defaultNamespace) === wanted,
  );
  const folder = dirname(manifest.file.name);
  const near = [
    all.filter((each) => each.manifest.file.name === manifest.file.name),
    all.filter((each) => dirname(each.manifest.file.name) === folder),
    all,
  ].find((candidates) => candidates.length > 0);
  const [only, ...others] = near ?? [];
  if (only === undefined) {
    return { refused: `ConfigMap "${name}" of namespace "${wanted}" is not among the files` };
  }
  if (others.length > 0) {
    return {
      refused: `there are ${String(others.length + 1)} ConfigMaps "${name}" among the files: which one is meant?`,
    };
  }
  const [start, , end] = only.manifest.source.node.range ?? [0, 0, 0];
  return templateLine(only.manifest.file.text, start, end) === undefined
    ? only.object
    : { refused: `ConfigMap "${name}" holds template syntax ({{ }})` };
}

function groupsOf(migrations: readonly Migration[], configs: readonly Found[], scopes: Scopes): readonly Group[] {
  const byContent = Map.groupBy(migrations, ({ scope, runtimeJson }) => `${scope}\n${runtimeJson}`);
  const taken = new Map(
    configs.map(({ manifest, object, namespace }) => [
      `${scopes(manifest, namespace)}\n${object.metadata.name ?? ''}`,
      runtimeJsonOf(object),
    ]),
  );
  // By name, not by file: the same answer however the files are given.
  const groups = [...byContent.values()].sort((a, b) => (orderKey(a) < orderKey(b) ? -1 : 1));
  return groups.map((members) => {
    const [{ scope, runtimeJson }] = members as [Migration];
    const existing = [...taken].find(([key, json]) => json === runtimeJson && key.startsWith(`${scope}\n`));
    const name = existing?.[0].slice(scope.length + 1) ?? newName(members, (one) => taken.has(`${scope}\n${one}`));
    taken.set(`${scope}\n${name}`, runtimeJson);
    return { name, exists: existing !== undefined, migrations: members };
  });
}

function runtimeJsonOf(config: KubernetesObject): string | undefined {
  const { type, config: content } = authorizerSpecOf(config);
  const key = authorizer(type)?.configKey;
  return key === undefined ? undefined : fullRuntimeJson(type, key, content);
}

function firstOf(members: readonly Migration[]): string {
  return members.map(({ object }) => `${object.metadata.name ?? ''}\n${object.kind}`).sort()[0] ?? '';
}

function orderKey(members: readonly Migration[]): string {
  return `${firstOf(members)}\n${members[0]?.scope ?? ''}`;
}

/** What DNS allows for a name, less what is added to it. */
const LONGEST = 253 - '-authz-'.length - 64;

/** `<first workload>-authz`, and where that is taken, with as much of the content's hash as tells it apart. */
function newName(members: readonly Migration[], isTaken: (name: string) => boolean): string {
  const [workload = ''] = firstOf(members).split('\n');
  const base = `${workload.slice(0, LONGEST)}-authz`;
  const hash = sha256(members[0]?.runtimeJson ?? '');
  const names = [base, ...[8, 16, 32, 64].map((length) => `${base}-${hash.slice(0, length)}`)];
  return names.find((name) => !isTaken(name)) ?? `${base}-${hash}`;
}
