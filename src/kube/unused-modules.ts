/**
 * What the official client would load for nothing. Of it only the reading of kubeconfigs and the authentication are used
 * (docs/adr/0009-kubernetes-client.md), but their file imports the models of every Kubernetes API and an HTTP client too,
 * for methods that nothing here calls: half of the memory of the whole server and half of its start. And it imports what
 * few kubeconfigs need, of which nothing is needed in a cluster (docs/adr/0027-unused-modules.md). To be called before the
 * client is imported; where it is not, all of it is loaded.
 */
import { registerHooks } from 'node:module';
import { extname } from 'node:path';

const CLIENT = '/@kubernetes/client-node/dist/';

/** By importer and specifier: the names that are imported from it. */
const UNUSED: ReadonlyMap<string, readonly string[]> = new Map([
  ['config.js ./gen/index.js', ['createConfiguration', 'ServerConfiguration']],
  ['config.js undici', ['Agent', 'ProxyAgent']],
  ['config.js socks', ['SocksClient']], // for undici
]);

/** By importer and specifier, as well. */
const ON_DEMAND: ReadonlySet<string> = new Set([
  'config.js ./oidc_auth.js',
  'config.js socks-proxy-agent',
  'azure_auth.js jsonpath-plus',
  'gcp_auth.js jsonpath-plus',
]);

export function leaveOutUnusedModules(): void {
  const onDemand = new URL(`./on-demand${extname(import.meta.url)}`, import.meta.url).href;
  registerHooks({
    resolve: (specifier, context, next) => {
      // What it imports, not what on-demand.ts requires in its place.
      const file = context.conditions.includes('import') ? fileOfClient(context.parentURL) : undefined;
      const key = `${file ?? ''} ${specifier}`;
      const names = UNUSED.get(key);
      return names === undefined
        ? next(ON_DEMAND.has(key) ? onDemand : specifier, context)
        : { url: emptyModule(names), format: 'module', shortCircuit: true };
    },
  });
}

function fileOfClient(url = ''): string | undefined {
  return url.includes(CLIENT) ? url.slice(url.lastIndexOf(CLIENT) + CLIENT.length) : undefined;
}

/** Has the names, so that it can be linked; whoever calls one after all gets a TypeError. */
function emptyModule(names: readonly string[]): string {
  return `data:text/javascript,${names.map((name) => `export const ${name} = undefined;`).join('')}`;
}
