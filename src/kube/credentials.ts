/** What a call is authenticated with, asked anew for every call because tokens, certificates and CAs rotate. */
import { readFileSync } from 'node:fs';
import type { Agent } from 'node:http';
import type { RequestOptions } from 'node:https';
import { ExecAuth } from '@kubernetes/client-node/dist/exec_auth.js';
import { at } from '../api/json.ts';
import { systemClock, type Clock } from './clock.ts';
import { ApiError, codeOf } from './errors.ts';
import type { KubeConfig, KubeUser } from './kubeconfig.ts';

export interface Credentials {
  /** PEM and choices of the connection; an agent serves as long as they stay equal. */
  readonly tls: Readonly<Record<string, string | boolean>>;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** Where the way to the cluster needs one of its own (a proxy). */
  readonly agent?: Agent;
}

export interface CredentialSource {
  /** @throws ApiError API_UNAVAILABLE where they cannot be had. */
  readonly get: () => Promise<Credentials>;
  /** The API server no longer takes them (401): the next {@link get} asks again, at most every ten seconds. */
  readonly refuse: () => void;
}

/** Kubernetes refreshes projected tokens at 80 % of their life, which leaves minutes. */
const FILE_LIFETIME_MS = 10_000;

export function createCredentialSource(config: KubeConfig, clock: Clock = systemClock): CredentialSource {
  const { cluster, user } = config;
  const provider: unknown = user?.authProvider;
  const files = createFileReader(clock);
  let plugin = new ExecAuth();
  let refusedAt = -Infinity;
  let asking: Promise<Credentials> | undefined;

  async function ask(): Promise<Credentials> {
    if ((cluster.proxyUrl ?? '') !== '' || (provider !== undefined && provider !== null)) {
      return official();
    }
    const options: RequestOptions = { headers: {} };
    if (at(user, 'exec') !== undefined && user !== undefined) {
      await plugin.applyAuthentication(user, options);
    }
    return fromOptions(options, {
      ca: files.pem(cluster.caFile, cluster.caData),
      cert: files.pem(user?.certFile, user?.certData),
      key: files.pem(user?.keyFile, user?.keyData),
      authorization: authorizationOf(user, files),
    });
  }

  function fromOptions(options: RequestOptions, own: Readonly<Record<string, string | undefined>>): Credentials {
    const tls = {
      ca: own['ca'],
      cert: textOf(options.cert) ?? own['cert'],
      key: textOf(options.key) ?? own['key'],
      servername: cluster.tlsServerName,
      rejectUnauthorized: cluster.skipTLSVerify ? false : undefined,
    };
    const headers = {
      ...user?.impersonation,
      Authorization: own['authorization'] ?? textOf(at(options.headers, 'Authorization')),
    };
    return { tls: defined(tls), headers: defined(headers) };
  }

  /** Proxies and the old authentication providers: rare, so only they load the whole of the official client. */
  async function official(): Promise<Credentials> {
    const { KubeConfig: Official } = await import('@kubernetes/client-node/dist/config.js');
    official.config ??= new Official();
    const loaded = official.config;
    loaded.loadFromClusterAndUser(cluster, { ...user, name: user?.name ?? 'anonymous' });
    const options: RequestOptions = { headers: {} };
    await loaded.applyToHTTPSOptions(options);
    const credentials = fromOptions(options, {
      ca: textOf(options.ca),
      authorization: authorizationOf(user, files),
    });
    return options.agent instanceof Object ? { ...credentials, agent: options.agent } : credentials;
  }
  official.config = undefined as InstanceType<typeof import('@kubernetes/client-node/dist/config.js').KubeConfig> | undefined;

  return {
    get: () => {
      asking ??= ask()
        .catch((cause: unknown) => {
          throw unavailable(user, cause);
        })
        .finally(() => {
          asking = undefined;
        });
      return asking;
    },
    refuse: () => {
      if (clock.now() - refusedAt >= FILE_LIFETIME_MS) {
        refusedAt = clock.now();
        plugin = new ExecAuth();
        files.forget();
      }
    },
  };
}
