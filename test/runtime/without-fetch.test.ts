import { runScript, sourceUrl } from '../support/script.ts';

const HOOK = sourceUrl('runtime/without-fetch.ts');
const UNDICI = `process.moduleLoadList.some((name) => name.includes('deps/undici'))`;

const run = (script: string): unknown => JSON.parse(runScript(script));
const withHook = (script: string): unknown =>
  run(`import { importHttpWithoutFetch } from '${HOOK}'; importHttpWithoutFetch(); ${script}`);

describe('node:http without fetch', () => {
  it('is needed: the import alone loads the library of fetch', () => {
    expect(run(`await import('node:http'); console.log(${UNDICI});`)).toBe(true);
  });

  it.each(['node:http', 'http'])('an import of %s loads it no more', (name) => {
    expect(withHook(`await import('${name}'); await import('node:https'); console.log(${UNDICI});`)).toBe(false);
  });

  it('has all the names but those of the library, with the values that require returns', () => {
    const script = `
      const imported = await import('node:http');
      const required = process.getBuiltinModule('node:http');
      const names = Object.keys(required);
      console.log(JSON.stringify({
        missing: names.filter((name) => !(name in imported)),
        same: imported.default === required && Object.keys(imported).every((name) => name === 'default' || imported[name] === required[name]),
      }));`;
    expect(withHook(script)).toEqual({ missing: ['WebSocket', 'CloseEvent', 'MessageEvent'], same: true });
  });

  it('leaves require and other modules as they are', () => {
    const script = `
      import { createRequire } from 'node:module';
      const http = createRequire(import.meta.url)('node:http');
      const { default: https } = await import('node:https');
      console.log(JSON.stringify([http === process.getBuiltinModule('node:http'), https === process.getBuiltinModule('node:https')]));`;
    expect(withHook(script)).toEqual([true, true]);
  });

  it('leaves fetch where somebody does ask for it', () => {
    expect(withHook(`console.log(typeof fetch === 'function' && typeof new Headers().get === 'function');`)).toBe(true);
  });
});
