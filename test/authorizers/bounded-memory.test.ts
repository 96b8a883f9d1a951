import { loadedWithMaximumMemory, withMaximumMemory } from '../../src/authorizers/bounded-memory.ts';

const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const module = (...sections: readonly (readonly number[])[]): Uint8Array =>
  Uint8Array.from([...HEADER, ...sections.flat()]);
const CUSTOM = [0, 2, 1, 0x61];
/** Section 5: so many bytes, one memory, flags, pages. */
const memory = (...content: readonly number[]): readonly number[] => [5, content.length, ...content];

it.each<[string, readonly number[], number, readonly number[]]>([
  ['no maximum gets one', memory(1, 0, 17), 64, memory(1, 1, 17, 64)],
  ['a maximum is replaced', memory(1, 1, 17, 99), 64, memory(1, 1, 17, 64)],
  ['none is below what the module starts with', memory(1, 0, 70), 64, memory(1, 1, 70, 70)],
  ['large numbers take more bytes', memory(1, 0, 17), 300, memory(1, 1, 17, 0xac, 2)],
  ['large numbers are read as well', memory(1, 0, 0xac, 2), 64, memory(1, 1, 0xac, 2, 0xac, 2)],
  ['128 takes two bytes', memory(1, 0, 0x80, 1), 128, memory(1, 1, 0x80, 1, 0x80, 1)],
  ['127 takes one', memory(1, 0, 127), 127, memory(1, 1, 127, 127)],
])('%s', (_what, section, pages, expected) => {
  expect([...withMaximumMemory(module(CUSTOM, section, CUSTOM), pages)]).toEqual([...module(CUSTOM, expected, CUSTOM)]);
});

it('a module without a memory, or with an unusual one, is refused', () => {
  expect(() => withMaximumMemory(module(CUSTOM), 64)).toThrow('the module has no memory of its own');
  for (const section of [memory(2, 0, 1, 0, 1), memory(1, 2, 1, 1)]) {
    expect(() => withMaximumMemory(module(section), 64)).toThrow(
      'the module has not exactly one memory of the usual kind',
    );
  }
});

describe('what is compiled while something is loaded', () => {
  /** One memory of a page that may be seen from outside, by the name "m". */
  const OPEN = module(memory(1, 0, 1), [7, 5, 1, 1, 0x6d, 2, 0]);
  const compiled = (binary = OPEN.slice()): object => new wasm.WebAssembly.Module(binary);
  const grow = (program: object, pages: number): number => new wasm.WebAssembly.Instance(program).exports.m.grow(pages);

  it('may have so many pages and no more', () => {
    const program = loadedWithMaximumMemory(3, () => compiled());
    expect(program).toBeInstanceOf(wasm.WebAssembly.Module);
    expect(grow(program, 2)).toBe(1);
    expect(() => grow(program, 3)).toThrow(RangeError);
  });

  it('its binary is not kept, unless it is a part of something else', () => {
    const whole = OPEN.slice();
    const larger = new Uint8Array(OPEN.length + 1);
    larger.set(OPEN);
    loadedWithMaximumMemory(3, () => [compiled(whole), compiled(larger.subarray(0, OPEN.length))]);
    expect(whole).toHaveLength(0);
    expect([...larger]).toEqual([...OPEN, 0]);
  });

  it('and what is compiled later as many as it likes, even where loading failed', () => {
    const failing = (): never => {
      throw new Error('no such file');
    };
    expect(() => loadedWithMaximumMemory(3, failing)).toThrow('no such file');
    expect(grow(compiled(), 3)).toBe(1);
  });
});

/** The part of the global object that is used; Node's types do not have it. */
const wasm = globalThis as unknown as {
  readonly WebAssembly: {
    Module: new (binary: Uint8Array) => object;
    Instance: new (program: object) => { readonly exports: { readonly m: { grow(pages: number): number } } };
  };
};
