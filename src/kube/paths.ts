/** Where the API server has what we ask for. */
import { GROUP } from '../api/toolhive.ts';

export function objectPath(version: string, namespace: string, resource: string, name?: string): string {
  const collection = `/apis/${GROUP}/${version}/namespaces/${encodeURIComponent(namespace)}/${resource}`;
  return name === undefined ? collection : `${collection}/${encodeURIComponent(name)}`;
}

export function configMapPath(namespace: string, name: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps/${encodeURIComponent(name)}`;
}
