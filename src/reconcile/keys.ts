/**
 * What the work queue holds: `config/<namespace>/<name>` and `workload/<Kind>/<namespace>/<name>`. Joined, not added up: one
 * is kept for every object, and of a text that was added up V8 keeps the parts.
 */

export interface Key {
  /** Undefined for a config. */
  readonly kind: string | undefined;
  readonly namespace: string;
  readonly name: string;
}

export function configKey(namespace: string, name: string): string {
  return ['config', namespace, name].join('/');
}

export function workloadKey(kind: string, namespace: string, name: string): string {
  return ['workload', kind, namespace, name].join('/');
}

export function parseKey(key: string): Key {
  const parts = key.split('/');
  const [namespace = '', name = ''] = parts.slice(-2);
  return { kind: parts[0] === 'workload' ? parts[1] : undefined, namespace, name };
}

/** A version of an object, as a watch tells of it and as the answer to a write has it; undefined of one that is gone. */
export function versionKey(kind: string, resourceVersion: string | undefined): string | undefined {
  return resourceVersion === undefined ? undefined : [kind, resourceVersion].join('@');
}
