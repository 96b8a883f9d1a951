import { createMemorySaver, type MemorySaver } from '../../src/runtime/memory-saver.ts';
import { runScript, sourceUrl } from '../support/script.ts';

const ON = [
  ...['--memory-saver-mode', '--semi-space-growth-factor=1', '--memory-reducer-favors-memory'],
  ...['--no-wasm-tier-up', '--no-wasm-dynamic-tiering'],
];
const OFF = [
  ...['--no-memory-saver-mode', '--semi-space-growth-factor=2', '--no-memory-reducer-favors-memory'],
  ...['--wasm-tier-up', '--wasm-dynamic-tiering'],
];

interface Bench {
  readonly saver: MemorySaver;
  readonly flags: readonly string[];
  /** Seconds go by in which so many requests come each. */
  readonly seconds: (count: number, requests: number) => void;
  readonly stopped: () => boolean;
}

function start(v8Version = '13.6.233.17-node.48'): Bench {
  const flags: string[] = [];
  let second = (): void => undefined;
  let stopped = false;
  const saver = createMemorySaver({
    repeat: (milliseconds, run) => {
      expect(milliseconds).toBe(1000);
      second = run;
      return () => {
        stopped = true;
      };
    },
    setFlag: (flag) => flags.push(flag),
    v8Version,
  });
  const seconds = (count: number, requests: number): void => {
    for (let each = 0; each < count; each += 1) {
      for (let request = 0; request < requests; request += 1) {
        saver.requested();
      }
      second();
    }
  };
  return { saver, flags, seconds, stopped: () => stopped };
}

describe('memory saver', () => {
  it('saves memory from the start, and while few requests come', () => {
    const { flags, seconds } = start();
    seconds(100, 49);
    expect(flags).toEqual([...ON]);
  });

  it('is about speed as soon as many requests came within a second, not when it is over', () => {
    const { saver, flags } = start();
    for (let request = 0; request < 50; request += 1) {
      expect(flags).toEqual([...ON]);
      saver.requested();
    }
    expect(flags).toEqual([...ON, ...OFF]);
  });

  it('saves again after a minute with few requests, counted from the last one with many', () => {
    const { flags, seconds } = start();
    seconds(3, 1000);
    seconds(59, 0);
    seconds(1, 50);
    seconds(59, 49);
    expect(flags).toEqual([...ON, ...OFF]);
    seconds(1, 0);
    expect(flags).toEqual([...ON, ...OFF, ...ON]);
  });

  it('does without a compiler once the start is over, for good: threads that begin without it are not given it', () => {
    const { saver, flags, seconds } = start();
    saver.started();
    seconds(1, 50);
    saver.stop();
    expect(flags).toEqual([...ON, '--no-maglev', ...OFF]);
  });

  it('leaves V8 alone again at the end', () => {
    const { saver, flags, stopped } = start();
    saver.stop();
    expect(flags).toEqual([...ON, ...OFF]);
    expect(stopped()).toBe(true);
  });

  it('sets nothing where V8 does not know the mode (Node 22)', () => {
    const { saver, flags, seconds } = start('12.4.254.21-node.33');
    saver.started();
    seconds(20, 100);
    saver.stop();
    expect(flags).toEqual([]);
  });

  it('sets flags that V8 knows; what it does not know it would say on the standard error', () => {
    const stdout = runScript(`
      import { createMemorySaver } from '${sourceUrl('runtime/memory-saver.ts')}';
      const saver = createMemorySaver();
      saver.started();
      saver.stop();`);
    expect(stdout).toBe('');
  });
});
