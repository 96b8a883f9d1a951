/** What can be said of JSON text by its bytes, in one pass and without a stack, before it is parsed. */

export interface JsonScan {
  /** Nests deeper than the limit; the rest was not looked at. */
  readonly tooDeep: boolean;
  /** Holds a number with a fraction or an exponent. */
  readonly hasFractions: boolean;
}

const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d];
const [POINT, UPPER_E, LOWER_E, ZERO, NINE] = [0x2e, 0x45, 0x65, 0x30, 0x39];

/** Of text that is no JSON it says something too, but nothing that counts. */
export function scanJson(body: Uint8Array, limit: number): JsonScan {
  let depth = 0;
  let hasFractions = false;
  for (let i = 0; i < body.length; i += 1) {
    const byte = body[i] ?? 0;
    if (byte === QUOTE) {
      i = endOfString(body, i + 1);
    } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      depth += 1;
      if (depth > limit) {
        return { tooDeep: true, hasFractions };
      }
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
      depth -= 1;
    } else if (byte === POINT || byte === UPPER_E || (byte === LOWER_E && isDigit(body[i - 1]))) {
      hasFractions = true; // the other words with an e in them are true and false
    }
  }
  return { tooDeep: false, hasFractions };
}

/** Where the quote is that ends the string. */
function endOfString(body: Uint8Array, start: number): number {
  let i = start;
  for (let byte = body[i]; byte !== QUOTE && i < body.length; byte = body[i]) {
    i += byte === BACKSLASH ? 2 : 1;
  }
  return i;
}

function isDigit(byte = 0): boolean {
  return byte >= ZERO && byte <= NINE;
}
