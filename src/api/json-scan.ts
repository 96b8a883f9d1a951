/** What can be said of JSON text by its bytes, in one pass and without a stack, before it is parsed. */

export interface JsonScan {
  /** Nests deeper than the limit; the rest was not looked at. */
  readonly tooDeep: boolean;
  /** Holds a number with a fraction or an exponent. */
  readonly hasFractions: boolean;
}

const [QUOTE, BACKSLASH, POINT, UPPER_E, LOWER_E, ZERO, NINE] = [0x22, 0x5c, 0x2e, 0x45, 0x65, 0x30, 0x39];
/** A list and an object are opened and closed by bytes that differ in nothing but this bit. */
const OBJECT = 0x20;
const [OPEN, CLOSE] = [0x7b, 0x7d];

/** Of text that is no JSON it says something too, but nothing that counts. */
export function scanJson(body: Uint8Array, limit: number): JsonScan {
  const end = body.length;
  let depth = 0;
  let hasFractions = false;
  for (let i = 0; i < end; i += 1) {
    const byte = body[i] ?? 0;
    if (byte === QUOTE) {
      // To the quote that ends it. Most bytes are part of a string: nothing is called for them.
      i += 1;
      for (let inside = body[i]; inside !== QUOTE && i < end; inside = body[i]) {
        i += inside === BACKSLASH ? 2 : 1;
      }
    } else if ((byte | OBJECT) === OPEN) {
      depth += 1;
      if (depth > limit) {
        return { tooDeep: true, hasFractions };
      }
    } else if ((byte | OBJECT) === CLOSE) {
      depth -= 1;
    } else if (byte === POINT || byte === UPPER_E || (byte === LOWER_E && isDigit(body[i - 1]))) {
      hasFractions = true; // the other words with an e in them are true and false
    }
  }
  return { tooDeep: false, hasFractions };
}

function isDigit(byte = 0): boolean {
  return byte >= ZERO && byte <= NINE;
}
