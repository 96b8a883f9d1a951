/**
 * Which texts Go takes for a URL, because the proxy parses the decision point's address with net/url.Parse: laxer than
 * the WHATWG's URL in most things (no host is fine), stricter in some. Source: Go documentation, net/url, and its
 * code in Go 1.26, with which ToolHive v0.44.0 is built.
 */

import { isIPv6 } from 'node:net';

export type GoUrl = { readonly scheme: string } | { readonly fault: string };

/** The scheme in lower case, empty if there is none; or why Go would not parse the text. */
export function parseGoUrl(text: string): GoUrl {
  const hash = text.indexOf('#');
  const fragment = hash < 0 ? '' : text.slice(hash + 1);
  const whole = hash < 0 ? text : text.slice(0, hash);
  if (/[\u0000-\u001f\u007f]/.test(whole)) {
    return { fault: 'invalid control character in URL' };
  }
  if (whole.startsWith(':')) {
    return { fault: 'missing protocol scheme' };
  }
  const scheme = (/^([A-Za-z][A-Za-z0-9+.-]*):/.exec(whole)?.[1] ?? '').toLowerCase();
  const [rest = ''] = whole.slice(scheme === '' ? 0 : scheme.length + 1).split('?');
  const fault = hierarchyFault(scheme, rest) ?? escapeFault(fragment);
  return fault === undefined ? { scheme } : { fault };
}

function hierarchyFault(scheme: string, rest: string): string | undefined {
  if (!rest.startsWith('/')) {
    if (scheme !== '') {
      return undefined; // opaque, e.g. http:example
    }
    return rest.split('/')[0]?.includes(':') === true
      ? 'first path segment in URL cannot contain colon'
      : escapeFault(rest);
  }
  const [, authority = ''] = /^\/\/([^/]*)/.exec(rest) ?? [];
  return authorityFault(authority) ?? escapeFault(rest);
}

function authorityFault(authority: string): string | undefined {
  const at = authority.lastIndexOf('@');
  return hostFault(authority.slice(at + 1)) ?? (at < 0 ? undefined : userFault(authority.slice(0, at)));
}

function userFault(user: string): string | undefined {
  return /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(user)
    ? // Name and password are looked at by themselves: an escape does not reach over the colon between them.
      user
        .split(/:(.*)/s)
        .map(escapeFault)
        .find((fault) => fault !== undefined)
    : 'invalid userinfo';
}

function hostFault(host: string): string | undefined {
  const open = host.lastIndexOf('[');
  if (open > 0) {
    return 'invalid IP-literal';
  }
  if (open < 0) {
    const colon = host.indexOf(':');
    return (colon < 0 ? undefined : portFault(host.slice(colon))) ?? escapeInHostFault(host);
  }
  const close = host.lastIndexOf(']');
  return close < 0 ? "missing ']' in host" : (portFault(host.slice(close + 1)) ?? literalFault(host.slice(1, close)));
}

/** What stands in square brackets: an address of IPv6, perhaps with a zone, whose percent sign is escaped. */
function literalFault(literal: string): string | undefined {
  const zoneAt = literal.indexOf('%25');
  const [address, zone] = zoneAt < 0 ? [literal, ''] : [literal.slice(0, zoneAt), literal.slice(zoneAt)];
  const fault = escapeInHostFault(address) ?? zoneFault(zone);
  if (fault !== undefined) {
    return fault;
  }
  return zone === '%25' || address.includes('%') || !isIPv6(address)
    ? `invalid host: "${literal}" is no IPv6 address`
    : undefined;
}

/** Nothing, a lone colon, or a colon and digits. */
function portFault(text: string): string | undefined {
  return text === '' || /^:[0-9]*$/.test(text) ? undefined : `invalid port "${text}" after host`;
}

/** In a host an escape may only stand for a byte outside ASCII, or for a percent sign. */
function escapeInHostFault(host: string): string | undefined {
  return strangeFault(host) ?? badEscape(host, (digits) => /^[89A-Fa-f][0-9A-Fa-f]$/.test(digits) || digits === '25');
}

/** In a zone it may stand for what could stand there without one, or a space. */
function zoneFault(zone: string): string | undefined {
  return (
    strangeFault(zone) ??
    badEscape(
      zone,
      (digits) =>
        /^[0-9A-Fa-f]{2}$/.test(digits) &&
        /^[A-Za-z0-9!"$%&'()*+,\-.:;<=>[\]_~ ]$/.test(String.fromCharCode(Number.parseInt(digits, 16))),
    )
  );
}

function strangeFault(host: string): string | undefined {
  const strange = /[ \\^`{|}]/.exec(host)?.[0];
  return strange === undefined ? undefined : `invalid character "${strange}" in host name`;
}

function escapeFault(text: string): string | undefined {
  return badEscape(text, (digits) => /^[0-9A-Fa-f]{2}$/.test(digits));
}

function badEscape(text: string, isGood: (digits: string) => boolean): string | undefined {
  const bad = [...text.matchAll(/%(.{0,2})/gs)].find(([, digits = '']) => !isGood(digits));
  return bad === undefined ? undefined : `invalid URL escape "${bad[0]}"`;
}
