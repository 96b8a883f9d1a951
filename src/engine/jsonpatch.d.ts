/** The library has no types of its own. */
declare module 'jsonpatch' {
  /** A new document; the one given is left as it is. Throws for a path that does not exist. */
  export function apply_patch(document: unknown, patch: readonly object[]): unknown;
}
