/** The one place that writes a status: applied whole, by force over nothing but our own, and not over and over. */
import { createHash } from 'node:crypto';
import { at, isJsonObject } from '../api/json.ts';
import type { KubernetesObject } from '../api/objects.ts';
import type { Clock } from '../kube/clock.ts';
import { ApiError } from '../kube/errors.ts';
import { FIELD_MANAGER, type Writer } from '../kube/write.ts';
import { contendedForMs, recentWrites, type PastWrite } from './contended.ts';
import type { StatusWrite } from './status.ts';

/** The CRD does not have it: decide anew without it, at once. Happens once for each field that an older CRD lacks. */
export class UndeclaredFieldError extends Error {
  readonly code = 'UNDECLARED_FIELD';
  constructor(fields: readonly string[]) {
    super(`the CRD does not declare status.${fields.join(', status.')}`);
  }
}

export interface StatusOutcome {
  /** Milliseconds after which to look again, where another writer undoes what we write; else 0, and it is written. */
  readonly wait: number;
  /** As it is now: the answer to the write, or what was given where nothing was written. */
  readonly object: KubernetesObject;
}

export interface StatusWriter {
  /** Status fields that the CRD of `kind` does not declare, as far as was found out. */
  undeclared(kind: string): ReadonlySet<string>;
  /** @throws ApiError, UndeclaredFieldError */
  write(path: string, object: KubernetesObject, decision: StatusWrite, signal: AbortSignal): Promise<StatusOutcome>;
  /** How many objects are left alone now. */
  contended(): number;
}

/** CRDs are upgraded while we run. */
const UNDECLARED_FOR_MS = 10 * 60_000;

export function createStatusWriter({
  writer,
  clock,
}: {
  readonly writer: Writer;
  readonly clock: Clock;
}): StatusWriter {
  const undeclared = new Map<string, { readonly until: number; readonly fields: ReadonlySet<string> }>();
  const histories = new Map<string, readonly PastWrite[]>();
  const contended = new Map<string, number>();

  const known = (kind: string): ReadonlySet<string> => {
    const entry = undeclared.get(kind);
    return entry !== undefined && entry.until > clock.now() ? entry.fields : new Set();
  };

  function learn(kind: string, fields: readonly string[]): void {
    if (fields.length > 0) {
      const all = new Set([...known(kind), ...fields]);
      undeclared.set(kind, { until: clock.now() + UNDECLARED_FOR_MS, fields: all });
    }
  }

  /** In the order of the last write, so that the old ones come first. */
  function dropOld(): void {
    for (const [path, history] of histories) {
      if (recentWrites(history, clock.now()).length > 0) {
        return;
      }
      histories.delete(path);
      contended.delete(path);
    }
  }

  async function apply(
    path: string,
    object: KubernetesObject,
    { status, force, withoutEntangled }: StatusWrite,
    signal: AbortSignal,
  ): Promise<KubernetesObject> {
    const { name, namespace, uid, resourceVersion } = object.metadata;
    // Preconditions: not the next object of that name, and not one that somebody has written since it was looked at.
    // A replica that wakes up with a write half sent is refused by the API server, whatever it believes.
    const metadata = { name, namespace, uid, resourceVersion };
    if (withoutEntangled !== undefined) {
      // The rest follows when this write is seen.
      return writer.mergePatch(`${path}/status`, { metadata, status: { conditions: withoutEntangled } }, signal);
    }
    const body = { apiVersion: object.apiVersion, kind: object.kind, metadata, status };
    try {
      const written = await writer.applyStatus(path, body, { fieldManager: FIELD_MANAGER, force }, signal);
      learn(object.kind, pruned(status, written));
      return written;
    } catch (error) {
      const fields = refused(error);
      learn(object.kind, fields);
      throw fields.length === 0 ? error : new UndeclaredFieldError(fields);
    }
  }

  return {
    undeclared: known,
    contended: () => [...contended.values()].filter((until) => until > clock.now()).length,
    write: async (path, object, decision, signal) => {
      if (!decision.changed) {
        return { wait: 0, object };
      }
      const what = contentOf(decision);
      const history = recentWrites(histories.get(path) ?? [], clock.now());
      const wait = contendedForMs(history, what, clock.now());
      if (wait > 0) {
        contended.set(path, clock.now() + wait);
        return { wait, object };
      }
      contended.delete(path);
      const written = await apply(path, object, decision, signal);
      histories.delete(path);
      histories.set(path, history.concat({ at: clock.now(), what })); // a spread would keep room for sixteen more
      dropOld();
      return { wait: 0, object: written };
    },
  };
}

/** A condition that comes back has a new time, and says the same. A digest: one is kept for each object written lately. */
function contentOf({ status }: StatusWrite): string {
  const content = JSON.stringify(status, (key, value: unknown) => (key === 'lastTransitionTime' ? undefined : value));
  return createHash('sha256').update(content).digest('base64');
}

/** What the API server took but did not keep. */
function pruned(status: StatusWrite['status'], written: KubernetesObject): readonly string[] {
  const kept = at(written, 'status');
  return Object.keys(status).filter((name) => !(isJsonObject(kept) && Object.hasOwn(kept, name)));
}

/** "failed to create typed patch object (…): .status.referenceCount: field not declared in schema". */
function refused(error: unknown): readonly string[] {
  return error instanceof ApiError
    ? [...error.message.matchAll(/\.status\.(\w+): field not declared in schema/g)].map(([, name = '']) => name)
    : [];
}
