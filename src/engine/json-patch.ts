/**
 * The difference of two JSON documents as an RFC 6902 patch: linear in their size, which no general array diff is
 * (docs/adr/0005-mutate-then-diff.md). Application is the library's business.
 */
import type { PatchOperation } from '../api/json-patch.ts';
import { isJsonObject, type JsonObject } from '../api/json.ts';

/** Empty when nothing differs. Operations hold in the order given. */
export function jsonPatch(before: unknown, after: unknown, path = ''): readonly PatchOperation[] {
  if (before === after) {
    return []; // mutators share what they did not touch
  }
  if (isJsonObject(before) && isJsonObject(after)) {
    return patchObject(before, after, path);
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    return patchArray(before, after, path);
  }
  return [{ op: 'replace', path, value: after }];
}

function patchObject(before: JsonObject, after: JsonObject, path: string): readonly PatchOperation[] {
  const removed = Object.keys(before)
    .filter((key) => !Object.hasOwn(after, key))
    .map((key): PatchOperation => ({ op: 'remove', path: pointer(path, key) }));
  const kept = Object.entries(after).flatMap(([key, value]): readonly PatchOperation[] =>
    Object.hasOwn(before, key)
      ? jsonPatch(before[key], value, pointer(path, key))
      : [{ op: 'add', path: pointer(path, key), value }],
  );
  return [...removed, ...kept];
}

/** Elements are changed in place and added at the end; anything else replaces the list as a whole. */
function patchArray(before: readonly unknown[], after: readonly unknown[], path: string): readonly PatchOperation[] {
  if (after.length < before.length) {
    return [{ op: 'replace', path, value: after }];
  }
  return [
    ...before.flatMap((value, index) => jsonPatch(value, after[index], pointer(path, String(index)))),
    ...after.slice(before.length).map((value): PatchOperation => ({ op: 'add', path: pointer(path, '-'), value })),
  ];
}

/** RFC 6901: `~` is escaped first, or the escape of `/` would be escaped again. */
function pointer(path: string, key: string): string {
  return `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
