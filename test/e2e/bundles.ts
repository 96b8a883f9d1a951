/** What the webhook configurations of a cluster hold. */
import { must } from '../../src/cli/playground/environment.ts';
import type { Kubectl } from '../../src/cli/playground/demonstration.ts';

export const CONFIGURATIONS = 'mutatingwebhookconfigurations,validatingwebhookconfigurations';

export async function getJson<T>(kubectl: Kubectl, ...args: readonly string[]): Promise<T> {
  return JSON.parse(await must(kubectl, ['get', ...args, '-o', 'json'])) as T;
}

interface Configurations {
  readonly items: readonly {
    readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[];
  }[];
}

/** The caBundle of every webhook, as PEM. */
export async function bundlesIn(kubectl: Kubectl): Promise<readonly (string | undefined)[]> {
  const { items } = await getJson<Configurations>(kubectl, CONFIGURATIONS);
  return items.flatMap(({ webhooks }) =>
    webhooks.map(({ clientConfig: { caBundle } }) =>
      caBundle === undefined ? undefined : Buffer.from(caBundle, 'base64').toString(),
    ),
  );
}
