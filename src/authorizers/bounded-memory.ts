/**
 * An upper limit for the memory of a WebAssembly module that declares none. A thread's limits do not count it, and what a
 * module once took it never gives back: a policy of half a megabyte made Cedar's take 270. With a maximum the module's
 * own allocator fails, it traps, and its thread is replaced.
 *
 * Format: https://webassembly.github.io/spec/core/binary/modules.html#memory-section
 */

const HEADER = 8;
const MEMORY_SECTION = 5;
export const PAGE = 64 * 1024;

/** @throws TypeError where the binary has not exactly one memory. */
export function withMaximumMemory(binary: Uint8Array, pages: number): Uint8Array<ArrayBuffer> {
  for (let at = HEADER; at < binary.length;) {
    const id = binary[at];
    const [size, start] = readNumber(binary, at + 1);
    if (id === MEMORY_SECTION) {
      const content = memorySection(binary.subarray(start, start + size), pages);
      return joined([
        binary.subarray(0, at),
        [MEMORY_SECTION],
        writeNumber(content.length),
        content,
        binary.subarray(start + size),
      ]);
    }
    at = start + size;
  }
  throw new TypeError('the module has no memory of its own');
}

function memorySection(content: Uint8Array, pages: number): readonly number[] {
  const [count, flagsAt] = readNumber(content, 0);
  const [least] = readNumber(content, flagsAt + 1);
  if (count !== 1 || (content[flagsAt] ?? 0) > 1) {
    throw new TypeError('the module has not exactly one memory of the usual kind');
  }
  const LIMITED = 1;
  return [1, LIMITED, ...writeNumber(least), ...writeNumber(Math.max(least, pages))];
}

/** LEB128, unsigned: the value and where it ends. */
function readNumber(bytes: Uint8Array, from: number): readonly [number, number] {
  let value = 0;
  for (let at = from, factor = 1; ; at += 1, factor *= 128) {
    const byte = bytes[at] ?? 0;
    value += (byte % 128) * factor;
    if (byte < 128) {
      return [value, at + 1];
    }
  }
}

function writeNumber(value: number): readonly number[] {
  return value < 128 ? [value] : [128 + (value % 128), ...writeNumber(Math.floor(value / 128))];
}

function joined(parts: readonly ArrayLike<number>[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The part of the global object that is used; Node's types do not have it. */
interface WithWebAssembly {
  readonly WebAssembly: { Module: new (binary: Uint8Array) => object };
}

/**
 * What `load` compiles while it runs has that limit. A binary that fills its buffer is empty afterwards: V8 keeps a copy of
 * its own, and the two of 4 MB that led to it would stay until the thread has reason to collect.
 */
export function loadedWithMaximumMemory<T>(pages: number, load: () => T): T {
  const { WebAssembly } = globalThis as unknown as WithWebAssembly;
  const Original = WebAssembly.Module;
  WebAssembly.Module = new Proxy(Original, {
    construct: (target, [binary]: [Uint8Array]) => {
      const bounded = withMaximumMemory(binary, pages);
      release(binary);
      const module = new target(bounded);
      release(bounded);
      return module;
    },
  });
  try {
    return load();
  } finally {
    WebAssembly.Module = Original;
  }
}

/** Not while a view of something larger is all that is known of it. */
function release({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) {
    buffer.transfer(0);
  }
}
