/** What is read of the files before anything is decided. */
import { basename, dirname, join, normalize } from 'node:path';
import { isJsonObject, property, stringAt } from '../../api/json.ts';
import { isKubernetesObject, type KubernetesObject } from '../../api/objects.ts';
import { isAuthzConfig, isWorkload } from '../../api/toolhive.ts';
import { DECISION_TEST } from '../../decision-tests/model.ts';
import { readManifests, type Manifest } from '../check/manifest.ts';
import type { SourceFile, Sources, Unreadable } from '../check/source.ts';

export interface Found {
  readonly manifest: Manifest;
  readonly object: KubernetesObject;
  readonly namespace: string | undefined;
}

export interface MigrationFiles {
  readonly files: readonly SourceFile[];
  readonly workloads: readonly Found[];
  readonly configs: readonly Found[];
  readonly configMaps: readonly Found[];
  readonly decisionTests: readonly Manifest[];
  /** Files that a kustomization lays over objects of other files. */
  readonly patches: ReadonlySet<string>;
  readonly unreadable: readonly Unreadable[];
  /** Cannot be read for what a template engine is to fill in. */
  readonly templates: readonly Unreadable[];
}

export function readFiles({ files, unreadable: missing }: Sources): MigrationFiles {
  const unreadable: Unreadable[] = [...missing];
  const templates: Unreadable[] = [];
  const manifests: Manifest[] = [];
  for (const file of files) {
    const read = readManifests(file);
    manifests.push(...read.manifests);
    unreadable.push(...read.manifests.flatMap(repeatedKeys));
    if (read.unreadable.length === 0) {
      continue;
    }
    const line = templateLine(file.text, 0, file.text.length);
    if (line === undefined) {
      unreadable.push(...read.unreadable);
    } else if (/\bauthzConfig\b/.test(file.text)) {
      templates.push({ file: file.name, line, message: TEMPLATE });
    }
  }
  const objects = manifests.flatMap((manifest) =>
    isKubernetesObject(manifest.value)
      ? [{ manifest, object: manifest.value, namespace: manifest.value.metadata.namespace }]
      : [],
  );
  return {
    files,
    workloads: objects.filter(({ object }) => isWorkload(object)),
    configs: objects.filter(({ object }) => isAuthzConfig(object)),
    configMaps: objects.filter(({ object }) => object.kind === 'ConfigMap' && object.apiVersion === 'v1'),
    decisionTests: manifests.filter(
      ({ value }) =>
        stringAt(value, 'kind') === DECISION_TEST.kind && stringAt(value, 'apiVersion') === DECISION_TEST.apiVersion,
    ),
    patches: new Set(manifests.flatMap(patchesOf)),
    unreadable,
    templates,
  };
}

/** What is moved elsewhere must not be the half of it that nobody sees. */
function repeatedKeys({ file, repeated }: Manifest): readonly Unreadable[] {
  return repeated.map(({ key, line }) => ({ file: file.name, line, message: `the key "${key}" is given twice` }));
}

export const TEMPLATE = 'it holds template syntax ({{ }}): migrate what the template renders to, or change it by hand';

/** 1-based. */
export function templateLine(text: string, start: number, end: number): number | undefined {
  const found = /\{\{-?[^{}\n]*[A-Za-z.$][^{}\n]*\}\}/.exec(text.slice(start, end));
  return found === null ? undefined : text.slice(0, start + found.index).split('\n').length;
}

function patchesOf({ file, value }: Manifest): readonly string[] {
  if (!/^kustomization(\.ya?ml)?$/i.test(basename(file.name)) || !isJsonObject(value)) {
    return [];
  }
  const entries = ['patches', 'patchesStrategicMerge', 'patchesJson6902'].flatMap((key) => {
    const list = property(value, key);
    return Array.isArray(list) ? (list as readonly unknown[]) : [];
  });
  return entries
    .map((entry) => (typeof entry === 'string' ? entry : stringAt(entry, 'path')))
    .filter((path) => path !== undefined && !path.includes('\n'))
    .map((path) => normalize(join(dirname(file.name), path ?? '')));
}
