/** Schemas out of CustomResourceDefinitions, by kind. */
import { at, isJsonObject, stringAt } from '../api/json.ts';
import type { KubernetesObject } from '../api/objects.ts';
import type { StructuralSchema } from './structural-schema.ts';

/** The stored version's, or the first that has one: ToolHive's two versions are alike. */
export function schemasOf(definitions: readonly KubernetesObject[]): ReadonlyMap<string, StructuralSchema> {
  return new Map(
    definitions.flatMap((definition) => {
      const kind = stringAt(definition, 'spec', 'names', 'kind');
      const schema = schemaOf(definition);
      return kind === undefined || schema === undefined ? [] : [[kind, schema] as const];
    }),
  );
}

function schemaOf(definition: KubernetesObject): StructuralSchema | undefined {
  const versions = at(definition, 'spec', 'versions');
  const all: readonly unknown[] = Array.isArray(versions) ? versions : [];
  const version = all.find((each) => at(each, 'storage') === true) ?? all[0];
  const schema = at(version, 'schema', 'openAPIV3Schema');
  if (!isJsonObject(schema)) {
    return undefined;
  }
  // A CRD says nothing of metadata, which every object has.
  const properties = at(schema, 'properties');
  return { ...schema, properties: { ...(isJsonObject(properties) ? properties : {}), metadata: OPEN } };
}

const OPEN: StructuralSchema = { 'x-kubernetes-preserve-unknown-fields': true };
