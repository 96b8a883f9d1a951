/**
 * A defect of V8 that ends the whole process, and how it is kept from happening (docs/adr/0047-code-that-stays.md).
 *
 * V8 collects compiled WebAssembly that nobody calls any more. In the V8 of Node 24 a thread can be handed a wrapper (the
 * code between WebAssembly and a function that it imports) just when another one collects it, and collects it a second
 * time: `Check failed: jit_page_->allocations_.erase(addr) == 1` (nodejs/node#66366; mended in V8 by 9b8ca54d5a, which Node
 * 26 has). It takes threads that end while others call WebAssembly, as those of an analyzer do.
 */
import { setFlagsFromString } from 'node:v8';

export interface WasmCodeDeps {
  readonly setFlag?: (flag: string) => void;
  /** As in `process.versions`. */
  readonly v8Version?: string;
}

/** Node 24's. In Node 22 the defect was not seen, in Node 26 it is mended. */
const AFFECTED_V8 = 13;

/**
 * For a thread that was just started and has not come to call WebAssembly. From the second one of a process on compiled
 * code stays for as long as its module is loaded, in every thread. While there is only the first one, none ends beside
 * another that works; and a thread starts a tenth of a second later where a flag of V8 is not as Node was built with,
 * which a command that asks one question need not pay for. `threadId` is that of Node: threads of a process are counted
 * from 1.
 */
export function keepWasmCode(
  threadId: number,
  { setFlag = setFlagsFromString, v8Version = process.versions.v8 }: WasmCodeDeps = {},
): void {
  if (threadId > 1 && Number.parseInt(v8Version, 10) === AFFECTED_V8) {
    setFlag('--no-wasm-code-gc');
  }
}
