/**
 * Node's HTTP module without what it would load for nothing. `import` reads every name that a built-in module exports, and
 * three of `node:http` (WebSocket and its events) are properties that load undici, the library behind `fetch`, when they
 * are read: 10 MiB and 20 ms where nothing else is loaded. Nothing here uses them; `require` does not read them, so ES
 * modules are given what it returns (docs/adr/0027-unused-modules.md).
 */
import { registerHooks } from 'node:module';

/** To be called before a module is imported that imports it; where it is not, all of it is loaded. */
export function importHttpWithoutFetch(): void {
  registerHooks({
    resolve: (specifier, context, next) =>
      (specifier === 'node:http' || specifier === 'http') && context.conditions.includes('import')
        ? { url: httpModule(), format: 'module', shortCircuit: true }
        : next(specifier, context),
  });
}

/** Made when it is imported: whoever does without HTTP does without this, too. The same text is the same module. */
function httpModule(): string {
  const names = Object.entries(Object.getOwnPropertyDescriptors(process.getBuiltinModule('node:http')))
    .filter(([name, property]) => !('get' in property) || LOADING_NOTHING.has(name))
    .map(([name]) => name);
  const source = `const http = process.getBuiltinModule('node:http');
export default http;
export const { ${names.join(', ')} } = http;`;
  return `data:text/javascript,${encodeURIComponent(source)}`;
}

/** Properties with a getter all the same. */
const LOADING_NOTHING: ReadonlySet<string> = new Set(['globalAgent', 'maxHeaderSize']);
