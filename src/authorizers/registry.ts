import type { Authorizer } from './authorizer.ts';
import { cedarv1 } from './cedarv1.ts';
import { httpv1 } from './httpv1.ts';

/** Every backend that ToolHive's proxy can load, sorted by type. */
export const AUTHORIZERS: readonly Authorizer[] = Object.freeze([cedarv1, httpv1]);

export function authorizer(type: string): Authorizer | undefined {
  return AUTHORIZERS.find((candidate) => candidate.type === type);
}
