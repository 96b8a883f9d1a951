/**
 * The annotations on a workload that tell which resolved config it is to enforce (docs/rules/config-annotations.md).
 *
 * They are ours alone: whatever a user writes there is replaced, because sidecars, dashboards and the rollout trust
 * them. A config that cannot be used leaves none, so that nobody takes an old one for the current one.
 */
import { isJsonObject, jsonEqual, withProperty } from '../api/json.ts';
import { ANNOTATIONS, RESOLVED_CONFIG_LIMIT } from '../api/names.ts';
import { annotation, type KubernetesObject } from '../api/objects.ts';
import { authorizationOf } from '../api/toolhive.ts';
import type { Finding, Mutator, ResolvedConfig, WorldView, WriteInput } from '../rules/contract.ts';
import { WORKLOAD_WRITE } from '../rules/workload-write.ts';

export type ConfigAnnotations = Readonly<Partial<Record<string, string>>>;

export const configAnnotations: Mutator = {
  id: 'config-annotations',
  title: 'A workload carries the hash, the origin and the text of the config that it refers to.',
  match: WORKLOAD_WRITE,
  queries: ({ object, namespace }) => {
    const { reference } = authorizationOf(object);
    return reference === undefined ? [] : [{ ask: 'authzConfig', namespace, name: reference }];
  },
  mutate: (input, world) => {
    const wanted = wantedAnnotations(input, world);
    if ('why' in wanted) {
      return { object: input.object, findings: [unknown(wanted.why)] };
    }
    const object = withAnnotations(input.object, wanted.annotations);
    return { object, findings: forged(input, object) };
  },
};

function wantedAnnotations(
  input: WriteInput,
  world: WorldView,
): { readonly annotations: ConfigAnnotations } | { readonly why: string } {
  const { reference } = authorizationOf(input.object);
  if (reference === undefined) {
    return { annotations: {} };
  }
  const config = world.authzConfig(input.namespace, reference);
  switch (config.state) {
    case 'unknown':
      return { why: `MCPAuthzConfig "${reference}" could not be looked up: ${config.why}.` };
    case 'absent':
      return { annotations: {} };
    case 'present':
      return { annotations: annotationsFor(config.value, input.oldObject) };
  }
}

/** What `config` asks of a workload; `stored` is the workload as it was before, if it was. */
export function annotationsFor(
  { object: config, analysis }: ResolvedConfig,
  stored: KubernetesObject | undefined,
): ConfigAnnotations {
  if (analysis.rendering === undefined || analysis.problems.length > 0) {
    return {};
  }
  const { hash, runtimeJson } = analysis.rendering;
  const annotations = {
    [ANNOTATIONS.configHash]: hash,
    [ANNOTATIONS.configRef]: configRef(config, hash, stored),
  };
  return Buffer.byteLength(runtimeJson) > RESOLVED_CONFIG_LIMIT
    ? annotations
    : { ...annotations, [ANNOTATIONS.resolvedConfig]: runtimeJson };
}

/**
 * The resourceVersion at which the hash was first resolved. It is kept while name and hash stay, because status writes
 * move a config's resourceVersion too, and every one of them would otherwise write all the workloads that refer to it.
 */
function configRef(config: KubernetesObject, hash: string, stored: KubernetesObject | undefined): string {
  const name = config.metadata.name ?? '';
  const known = stored === undefined ? undefined : annotation(stored, ANNOTATIONS.configRef);
  const sameHash = stored !== undefined && annotation(stored, ANNOTATIONS.configHash) === hash;
  return sameHash && known?.startsWith(`${name}@`) === true
    ? known
    : `${name}@${config.metadata.resourceVersion ?? ''}`;
}

/** `object` with exactly these of our annotations; everybody else's stay. */
export function withAnnotations(object: KubernetesObject, wanted: ConfigAnnotations): KubernetesObject {
  const present = object.metadata.annotations ?? {};
  const ours = new Set<string>(Object.values(ANNOTATIONS));
  const others = Object.entries(present).filter(([key]) => !ours.has(key));
  const added = Object.entries(wanted).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const annotations = Object.fromEntries([...others, ...added]);
  if (jsonEqual(present, annotations)) {
    return object;
  }
  const metadata = withProperty(
    isJsonObject(object.metadata) ? object.metadata : {},
    'annotations',
    Object.keys(annotations).length === 0 ? undefined : annotations,
  );
  return { ...object, metadata };
}

/** Says so when the value that is replaced came with this request, and not from our own earlier answer. */
function forged(input: WriteInput, object: KubernetesObject): readonly Finding[] {
  return Object.values(ANNOTATIONS)
    .filter((key) => {
      const given = annotation(input.object, key);
      const stored = input.oldObject === undefined ? undefined : annotation(input.oldObject, key);
      return given !== undefined && given !== stored && given !== annotation(object, key);
    })
    .map((key) => ({
      level: 'warn',
      path: `metadata.annotations[${key}]`,
      reason: 'AnnotationReplaced',
      message: 'This annotation is written by the admission webhook; the value that was given is replaced.',
    }));
}

function unknown(why: string): Finding {
  return { level: 'unknown', path: 'metadata.annotations', reason: 'ReferenceUnknown', message: why };
}
