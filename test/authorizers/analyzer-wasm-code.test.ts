import { keepWasmCode } from '../../src/authorizers/analyzer-wasm-code.ts';
import { runScript, sourceUrl } from '../support/script.ts';

/** What is set in V8 for the thread that has this number. */
function flagsOf(threadId: number, v8Version: string): readonly string[] {
  const flags: string[] = [];
  keepWasmCode(threadId, { setFlag: (flag) => flags.push(flag), v8Version });
  return flags;
}

/** What V8 tells of collecting compiled WebAssembly, which it does as often as it can, once so many threads are starting. */
function collectionsOf(threads: number): string {
  return runScript(`
    import { setFlagsFromString } from 'node:v8';
    import { createIsolatedAnalyzer, DEFAULT_ANALYZER } from '${sourceUrl('authorizers/isolated-analyzer.ts')}';
    const analyzer = createIsolatedAnalyzer({ ...DEFAULT_ANALYZER, workers: ${String(threads)}, timeoutMs: 60_000 });
    const policies = (name) => ['permit(principal, action, resource == Tool::"' + name + '");'];
    const answers = ['a', 'b'].map((name) =>
      analyzer.analyze({ type: 'cedarv1', config: { policies: policies(name) } }, undefined, 'namespace ' + name));
    setFlagsFromString('--stress-wasm-code-gc');
    setFlagsFromString('--trace-wasm-code-gc');
    await Promise.all(answers);
    await analyzer.close();`);
}

it('keeps compiled WebAssembly from the second thread on, where V8 would free some of it twice', () => {
  expect(flagsOf(1, '13.6.233.17-node.48')).toEqual([]);
  expect(flagsOf(2, '13.6.233.17-node.48')).toEqual(['--no-wasm-code-gc']);
  expect(flagsOf(3, '13.6.233.17-node.48')).toEqual(['--no-wasm-code-gc']);
});

it.each(['12.4.254.21-node.33', '14.6.202.33-node.18'])('leaves V8 %s as it is', (v8Version) => {
  expect(flagsOf(2, v8Version)).toEqual([]);
});

it('is what keeps V8 from collecting while threads of an analyzer run', () => {
  expect(collectionsOf(1)).toContain('[wasm-gc] Freeing');
  expect(collectionsOf(2)).toBe('');
});
