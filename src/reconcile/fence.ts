/** Writes by the leader alone, each asked anew: a process that was frozen past its lease must wake up harmless. */
import type { Writer } from '../kube/write.ts';

export class NotLeaderError extends Error {
  readonly code = 'NOT_LEADER';
}

export function fenced(writer: Writer, isLeader: () => boolean): Writer {
  const guard = (): void => {
    if (!isLeader()) {
      throw new NotLeaderError('this replica does not lead (any more): nothing was written');
    }
  };
  // Async, so that a refusal is a rejection like any other.
  return {
    applyStatus: async (...args) => (guard(), writer.applyStatus(...args)),
    applyObject: async (...args) => (guard(), writer.applyObject(...args)),
    mergePatch: async (...args) => (guard(), writer.mergePatch(...args)),
    create: async (...args) => (guard(), writer.create(...args)),
    replace: async (...args) => (guard(), writer.replace(...args)),
    remove: async (...args) => (guard(), writer.remove(...args)),
  };
}
