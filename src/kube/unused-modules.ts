/**
 * What the official client would load for nothing. Of it only the reading of kubeconfigs and the authentication are used
 * (docs/adr/0009-kubernetes-client.md), but their file imports the models of every Kubernetes API and an HTTP client too,
 * for two methods that nothing here calls: half of the memory of the whole server and half of its start
 * (docs/adr/0027-unused-modules.md). To be called before the client is imported; where it is not, all of it is loaded.
 */
import { registerHooks } from 'node:module';

const IMPORTER = '/@kubernetes/client-node/dist/config.js';

/** By specifier: the names that are imported from it. */
const UNUSED: ReadonlyMap<string, readonly string[]> = new Map([
  ['./gen/index.js', ['createConfiguration', 'ServerConfiguration']],
  ['undici', ['Agent', 'ProxyAgent']],
]);

export function leaveOutUnusedModules(): void {
  registerHooks({
    resolve: (specifier, context, next) => {
      const names = context.parentURL?.endsWith(IMPORTER) === true ? UNUSED.get(specifier) : undefined;
      return names === undefined
        ? next(specifier, context)
        : { url: emptyModule(names), format: 'module', shortCircuit: true };
    },
  });
}

/** Has the names, so that it can be linked; whoever calls one after all gets a TypeError. */
function emptyModule(names: readonly string[]): string {
  return `data:text/javascript,${names.map((name) => `export const ${name} = undefined;`).join('')}`;
}
