/** Go's url.Parse and url.ParseRequestURI (net/url of Go 1.26), as far as an expression can see the difference. */

export interface UrlParts {
  readonly scheme: string;
  /** With port, IPv6 in brackets. */
  readonly host: string;
  readonly escapedPath: string;
  readonly query: ReadonlyMap<string, readonly string[]>;
}

/**
 * @param mode `request`: absolute URI or absolute path, `#` is an ordinary character; `reference`: a fragment is cut off.
 * @returns undefined for what Go refuses.
 */
export function parseUrl(text: string, mode: 'request' | 'reference'): UrlParts | undefined {
  const [url = '', fragment = ''] = mode === 'reference' ? cut(text, '#') : [text];
  if (text === '' || /[\u0000-\u001f\u007f]/.test(text) || unescape(fragment) === undefined) {
    return undefined;
  }
  const start = schemeOf(url);
  if (start === undefined) {
    return undefined;
  }
  const [scheme, afterScheme] = start;
  const [rest, rawQuery] = cut(afterScheme, '?');
  const query = parseQuery(rawQuery);
  if (!rest.startsWith('/')) {
    const opaque = scheme !== '' || rest === '*';
    return opaque ? { scheme, host: '', escapedPath: scheme === '' ? rest : '', query } : undefined;
  }
  const hasAuthority = rest.startsWith('//') && (scheme !== '' || (mode === 'reference' && !rest.startsWith('///')));
  const slash = hasAuthority ? indexOr(rest, '/', 2) : 0;
  const host = hasAuthority ? parseAuthority(scheme, rest.slice(2, slash)) : '';
  const escapedPath = escapePath(rest.slice(slash));
  return host === undefined || escapedPath === undefined ? undefined : { scheme, host, escapedPath, query };
}

function cut(text: string, separator: string): readonly [string, string] {
  const at = indexOr(text, separator);
  return [text.slice(0, at), text.slice(at + 1)];
}

function indexOr(text: string, part: string, from = 0): number {
  const at = text.indexOf(part, from);
  return at < 0 ? text.length : at;
}

/** Scheme and rest; undefined where a colon comes first. */
function schemeOf(url: string): readonly [string, string] | undefined {
  const match = /^[a-zA-Z][a-zA-Z0-9+.-]*:/.exec(url);
  return url.startsWith(':')
    ? undefined
    : match === null
      ? ['', url]
      : [match[0].slice(0, -1).toLowerCase(), url.slice(match[0].length)];
}

const USERINFO = /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/;
const PORT = /^(?::\d*)?$/;

function parseAuthority(scheme: string, authority: string): string | undefined {
  const at = authority.lastIndexOf('@');
  const userinfo = authority.slice(0, Math.max(at, 0));
  return USERINFO.test(userinfo) && unescape(userinfo) !== undefined
    ? parseHost(scheme, authority.slice(at + 1))
    : undefined;
}

function parseHost(scheme: string, host: string): string | undefined {
  const open = host.lastIndexOf('[');
  if (open > 0) {
    return undefined;
  }
  if (open === 0) {
    return parseAddress(host);
  }
  // For http and https only one colon may stand in a host; other schemes have lists of hosts.
  const colon =
    scheme === 'http' || scheme === 'https'
      ? indexOr(host, ':')
      : host.lastIndexOf(':') < 0
        ? host.length
        : host.lastIndexOf(':');
  return PORT.test(host.slice(colon)) ? unescapeHost(host) : undefined;
}

/** `[fe80::1%25en0]:80` */
function parseAddress(host: string): string | undefined {
  const close = host.lastIndexOf(']');
  const [address = '', zone] = host.slice(1, close).split(/%25(.*)/s);
  const name = zone === undefined ? '' : unescape(zone);
  return close > 0 &&
    PORT.test(host.slice(close + 1)) &&
    name !== undefined &&
    zone !== '' &&
    URL.canParse(`http://[${address}]/`)
    ? `[${address}${zone === undefined ? '' : `%${name}`}]${host.slice(close + 1)}`
    : undefined;
}

const HOST_CHARACTERS = /^[A-Za-z0-9\-._~!$&'()*+,;=:[\]<>"\u0080-\u{10ffff}]*$/u;

/** In a host only bytes outside of ASCII may be escaped. */
function unescapeHost(host: string): string | undefined {
  return HOST_CHARACTERS.test(host.replaceAll(/%[89a-f][0-9a-f]/gi, '')) ? unescape(host) : undefined;
}

/** Percent-decoding; undefined where a percent sign is not followed by two hexadecimal digits. */
function unescape(text: string): string | undefined {
  if (!text.includes('%')) {
    return text;
  }
  if (/%(?![0-9a-f]{2})/i.test(text)) {
    return undefined;
  }
  const bytes = new TextEncoder().encode(text);
  const decoded: number[] = [];
  for (let index = 0; index < bytes.length; index += 1) {
    const isEscape = bytes[index] === 0x25;
    decoded.push(
      isEscape
        ? Number.parseInt(String.fromCharCode(...bytes.subarray(index + 1, index + 3)), 16)
        : (bytes[index] ?? 0),
    );
    index += isEscape ? 2 : 0;
  }
  return new TextDecoder().decode(new Uint8Array(decoded));
}

/** URL.EscapedPath: as it was written if that is valid, else escaped by Go's rule. */
function escapePath(path: string): string | undefined {
  const decoded = unescape(path);
  if (decoded === undefined || path === '*' || /^[A-Za-z0-9\-._~!$&'()*+,;=:@[\]/%]*$/.test(path)) {
    return decoded === undefined ? undefined : path;
  }
  return [...new TextEncoder().encode(decoded)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9\-._~$&+,/:;=@]/.test(character)
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

/** url.ParseQuery: pairs that cannot be read are left out. */
function parseQuery(text: string): ReadonlyMap<string, readonly string[]> {
  const query = new Map<string, string[]>();
  for (const pair of text.split('&').filter((part) => part !== '' && !part.includes(';'))) {
    const [key, value] = cut(pair.replaceAll('+', ' '), '=').map(unescape);
    if (key === undefined || value === undefined) {
      continue;
    }
    const values = query.get(key);
    if (values === undefined) {
      query.set(key, [value]);
    } else {
      values.push(value); // a copy each time would be quadratic
    }
  }
  return query;
}
