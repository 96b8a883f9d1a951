/**
 * Parts of the official client that few kubeconfigs need, under the names by which it imports them: each is loaded when it
 * is used for the first time (docs/adr/0027-unused-modules.md). unused-modules.ts puts them in their places.
 */
import { createRequire } from 'node:module';
import type { RequestOptions } from 'node:https';
import type { User } from '@kubernetes/client-node/dist/config_types.js';

const client = import.meta.resolve('@kubernetes/client-node/dist/config.js');
/** As the client itself would find them; `require`, because its calls do not wait. */
const requireOfClient = createRequire(client);

/** For users with `auth-provider: {name: oidc}`. */
export class OpenIDConnectAuth {
  /** One for all calls: it remembers when the token ends. */
  #real: Promise<{ applyAuthentication(user: User, options: RequestOptions): Promise<void> }> | undefined;

  isAuthProvider(user: User): boolean {
    return (user.authProvider as { readonly name?: string } | undefined)?.name === 'oidc';
  }

  async applyAuthentication(user: User, options: RequestOptions): Promise<void> {
    this.#real ??= import('@kubernetes/client-node/dist/oidc_auth.js').then((module) => new module.OpenIDConnectAuth());
    await (await this.#real).applyAuthentication(user, options);
  }
}

/** For clusters with `proxy-url: socks5://…`. What is constructed is the real one. */
export const SocksProxyAgent = function (...args: readonly unknown[]): object {
  const real = requireOfClient('socks-proxy-agent') as { SocksProxyAgent: new (...args: readonly unknown[]) => object };
  return new real.SocksProxyAgent(...args);
};

/** For users whose credentials a command of Azure or Google prints. */
export function JSONPath(...args: readonly unknown[]): unknown {
  const real = requireOfClient('jsonpath-plus') as { JSONPath: (...args: readonly unknown[]) => unknown };
  return real.JSONPath(...args);
}
