/** Which version of ToolHive's kinds the API server serves (GET /apis/toolhive.stacklok.dev). */
import { setTimeout as sleep } from 'node:timers/promises';
import { at, stringAt } from '../api/json.ts';
import { GROUP, VERSIONS } from '../api/toolhive.ts';
import type { KubeClient } from './client.ts';
import { ApiError } from './errors.ts';

export interface ServedResources {
  /** The newest of ours that is served, e.g. `v1beta1`. */
  readonly version: string;
  /** Plurals, e.g. `mcpservers`. */
  readonly resources: ReadonlySet<string>;
}

export interface Discovery {
  /** Undefined where the group is not installed at all. @throws ApiError where it could not be found out. */
  served(signal: AbortSignal): Promise<ServedResources | undefined>;
  /** Asks until there is an answer, so that the first request need not. Ends quietly with `signal`. */
  warm(signal: AbortSignal): Promise<void>;
  /** Undefined once there was an answer, else what is missing; for the readiness check. */
  readonly fault: () => string | undefined;
}

export interface DiscoveryDeps {
  readonly client: KubeClient;
  /** Milliseconds, monotonic. */
  readonly clock: () => number;
}

/** CRDs are installed and upgraded while we run; asking this often is cheap and soon enough. */
const LIFETIME_MS = 30_000;
const RETRY_MS = 1000;

export function createDiscovery({ client, clock }: DiscoveryDeps): Discovery {
  let known: { readonly at: number; readonly served: ServedResources } | undefined;

  async function ask(signal: AbortSignal): Promise<ServedResources | undefined> {
    const group = await client.request({ method: 'GET', path: `/apis/${GROUP}`, signal }).catch(absent);
    const versions = at(group, 'versions');
    const served = Array.isArray(versions) ? versions.map((entry) => stringAt(entry, 'version')) : [];
    const version = VERSIONS.find((candidate) => served.includes(candidate));
    if (version === undefined) {
      return undefined;
    }
    const list = await client.request({ method: 'GET', path: `/apis/${GROUP}/${version}`, signal });
    const entries = at(list, 'resources');
    const names = Array.isArray(entries) ? entries.map((entry) => stringAt(entry, 'name')) : [];
    return { version, resources: new Set(names.filter((name) => name !== undefined)) };
  }

  let fault: string | undefined = 'the API server has not been asked yet';

  async function served(signal: AbortSignal): Promise<ServedResources | undefined> {
    if (known !== undefined && clock() - known.at < LIFETIME_MS) {
      return known.served;
    }
    const found = await ask(signal);
    known = found === undefined ? undefined : { at: clock(), served: found };
    return found;
  }

  return {
    served,
    fault: () => fault,
    warm: async (signal) => {
      while (!signal.aborted) {
        try {
          fault = (await served(signal)) === undefined ? `the API server does not serve ${GROUP}` : undefined;
        } catch (error) {
          fault = error instanceof Error ? error.message : String(error);
        }
        if (fault === undefined) {
          return;
        }
        await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}

function absent(error: unknown): undefined {
  if (error instanceof ApiError && error.code === 'API_NOT_FOUND') {
    return undefined;
  }
  throw error;
}
