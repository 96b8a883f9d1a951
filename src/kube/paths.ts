/** Where the API server has what we ask for. */
import { GROUP } from '../api/toolhive.ts';

export function objectPath(version: string, namespace: string, resource: string, name?: string): string {
  const object = name === undefined ? [] : [encodeURIComponent(name)];
  // Joined, not added up: paths are kept as keys, and V8 keeps the parts of what was added up.
  return ['/apis', GROUP, version, 'namespaces', encodeURIComponent(namespace), resource, ...object].join('/');
}

export function configMapPath(namespace: string, name: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps/${encodeURIComponent(name)}`;
}
