/** One operation of an RFC 6902 patch, of the three that this server writes. */
export interface PatchOperation {
  readonly op: 'add' | 'remove' | 'replace';
  /** RFC 6901 pointer. */
  readonly path: string;
  readonly value?: unknown;
}
