/**
 * The texts after the change are read again, by themselves, and must say what was said before: every workload's proxy is
 * given the same bytes, every decision asked for comes out the same, and no other value of any file has changed.
 */
import { dirname } from 'node:path';
import { jsonEqual, withProperty, type JsonObject } from '../../api/json.ts';
import { isKubernetesObject, type KubernetesObject } from '../../api/objects.ts';
import { authorizationOf, authorizerSpecOf, isAuthzConfig, workloadType } from '../../api/toolhive.ts';
import type { AuthorizerSpec } from '../../authorizers/analysis.ts';
import { fullRuntimeJson } from '../../authorizers/config-hash.ts';
import type { Decider } from '../../authorizers/index.ts';
import { authorizer } from '../../authorizers/registry.ts';
import type { DecisionCase } from '../../decision-tests/model.ts';
import { runDecisionTest } from '../../decision-tests/run.ts';
import { readManifests } from '../check/manifest.ts';
import type { SourceFile } from '../check/source.ts';
import type { FileChange } from './edits.ts';
import { workloadName, type Group, type Migration } from './plan.ts';

export interface Proof {
  /** Why nothing may be written; empty where all is proven. */
  readonly faults: readonly string[];
  /** Decisions made under both, and found equal. */
  readonly decisions: number;
}

export interface ProofInput {
  readonly files: readonly SourceFile[];
  readonly groups: readonly Group[];
  readonly changes: readonly FileChange[];
  readonly cases: readonly DecisionCase[];
  /** Undefined where there are no cases. */
  readonly decider: Decider | undefined;
}

export function prove({ files, groups, changes, cases, decider }: ProofInput): Proof {
  const after = textsAfter(files, changes);
  const values = new Map([...after].map(([name, text]) => [name, valuesIn(name, text)]));
  const faults: string[] = [];
  let decisions = 0;
  for (const { file, before } of changes) {
    faults.push(...otherChanges(file, before, values.get(file) ?? [], groups));
  }
  const configs = [...values].flatMap(([file, all]) => all.filter(isConfig).map((config) => ({ file, config })));
  for (const { name, migrations } of groups) {
    for (const migration of migrations) {
      const same = configs.find(
        ({ file, config }) =>
          config.metadata.name === name &&
          config.metadata.namespace === migration.namespace &&
          isInScope(file, migration) &&
          runtimeJson(authorizerSpecOf(config)) === migration.runtimeJson,
      );
      if (same === undefined) {
        faults.push(`${place(migration)}: what MCPAuthzConfig "${name}" says is not what it says now`);
        continue;
      }
      const compared = sameDecisions(migration.spec, authorizerSpecOf(same.config), cases, decider);
      decisions += compared.count;
      faults.push(...compared.faults.map((fault) => `${place(migration)}: ${fault}`));
    }
  }
  return { faults, decisions };
}

function place({ manifest, object }: Migration): string {
  return `${manifest.file.name}: ${workloadName(object)}`;
}

/** The config has to be where the plan shares it. */
function isInScope(file: string, { scope }: Migration): boolean {
  return scope.startsWith('\n') || scope.startsWith(`${dirname(file)}\n`);
}

function textsAfter(files: readonly SourceFile[], changes: readonly FileChange[]): ReadonlyMap<string, string> {
  return new Map([
    ...files.map(({ name, text }) => [name, text] as const),
    ...changes.map(({ file, after }) => [file, after] as const),
  ]);
}

function valuesIn(name: string, text: string): readonly unknown[] {
  return readManifests({ name, text, named: true }).manifests.map(({ value }) => value);
}

function isConfig(value: unknown): value is KubernetesObject {
  return isKubernetesObject(value) && isAuthzConfig(value);
}

function runtimeJson({ type, config }: AuthorizerSpec): string | undefined {
  const key = authorizer(type)?.configKey;
  return key === undefined ? undefined : fullRuntimeJson(type, key, config);
}

/** Every value in its order, but for the references and the new configs. */
function otherChanges(
  file: string,
  before: string | undefined,
  after: readonly unknown[],
  groups: readonly Group[],
): readonly string[] {
  const created = new Set(groups.filter(({ exists }) => !exists).map(({ name }) => name));
  const references = new Map(
    groups.flatMap(({ name, migrations }) =>
      migrations
        .filter(({ manifest }) => manifest.file.name === file)
        .map(({ manifest }) => [manifest.value, name] as const),
    ),
  );
  const old = before === undefined ? [] : readManifests({ name: file, text: before, named: true }).manifests;
  const expected = old.map(({ value }) => {
    const known = [...references].find(([workload]) => jsonEqual(workload, value));
    return known === undefined ? value : withReference(value as KubernetesObject, known[1]);
  });
  const kept = after.filter((value) => !(isConfig(value) && created.has(value.metadata.name ?? '')));
  const equal = kept.length === expected.length && kept.every((value, index) => jsonEqual(value, expected[index]));
  return equal ? [] : [`${file}: the change would reach more than the authorization of its workloads`];
}

function withReference(workload: KubernetesObject, name: string): JsonObject {
  const path = workloadType(workload.kind)?.authorizationPath ?? ['spec'];
  const { holder } = authorizationOf(workload);
  const next = withProperty(withProperty(holder ?? {}, 'authzConfig', undefined), 'authzConfigRef', { name });
  return replaced(workload, path, next);
}

function replaced(object: JsonObject, [key = '', ...rest]: readonly string[], value: JsonObject): JsonObject {
  return withProperty(object, key, rest.length === 0 ? value : replaced(object[key] as JsonObject, rest, value));
}

function sameDecisions(
  before: AuthorizerSpec,
  after: AuthorizerSpec,
  cases: readonly DecisionCase[],
  decider: Decider | undefined,
): { readonly count: number; readonly faults: readonly string[] } {
  const [old, now] =
    decider === undefined ? [] : [before, after].map((spec) => runDecisionTest({ name: '', spec }, cases, decider));
  if (old === undefined || now === undefined || 'undecidable' in old || 'undecidable' in now) {
    // An httpv1 config leaves decisions to its decision point, before and after.
    return { count: 0, faults: [] };
  }
  const faults = old.cases.flatMap((result, index) =>
    jsonEqual(result, now.cases[index]) ? [] : [`the decision of case "${result.name}" would change`],
  );
  return { count: old.cases.length - faults.length, faults };
}
