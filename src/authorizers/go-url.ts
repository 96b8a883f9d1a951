/**
 * Which texts Go takes for a URL, because the proxy parses the decision point's address with net/url.Parse: laxer than
 * the WHATWG's URL in most things (no host is fine), stricter in some. Source: Go documentation, net/url, and its code.
 */

export type GoUrl = { readonly scheme: string } | { readonly fault: string };

/** The scheme in lower case, empty if there is none; or why Go would not parse the text. */
export function parseGoUrl(text: string): GoUrl {
  if (/[\u0000-\u001f\u007f]/.test(text)) {
    return { fault: 'invalid control character in URL' };
  }
  const hash = text.indexOf('#');
  const fragment = hash < 0 ? '' : text.slice(hash + 1);
  const whole = hash < 0 ? text : text.slice(0, hash);
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
  if (!rest.startsWith('//') || (scheme === '' && rest.startsWith('///'))) {
    return escapeFault(rest);
  }
  const authority = rest.slice(2).split('/')[0] ?? '';
  return authorityFault(authority) ?? escapeFault(rest.slice(2 + authority.length));
}

function authorityFault(authority: string): string | undefined {
  const at = authority.lastIndexOf('@');
  if (at >= 0) {
    const user = authority.slice(0, at);
    if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(user)) {
      return 'invalid userinfo';
    }
    const escape = escapeFault(user);
    if (escape !== undefined) {
      return escape;
    }
  }
  return hostFault(authority.slice(at + 1));
}

function hostFault(host: string): string | undefined {
  if (host.startsWith('[')) {
    const close = host.lastIndexOf(']');
    if (close < 0) {
      return "missing ']' in host";
    }
    return portFault(host.slice(close + 1)) ?? escapeInHostFault(host.slice(1, close).replace(/%25.*$/, ''));
  }
  const colon = host.indexOf(':');
  return (colon < 0 ? undefined : portFault(host.slice(colon))) ?? escapeInHostFault(host);
}

/** Nothing, a lone colon, or a colon and digits. */
function portFault(text: string): string | undefined {
  return text === '' || /^:\d*$/.test(text) ? undefined : `invalid port "${text}" after host`;
}

function escapeInHostFault(host: string): string | undefined {
  const strange = /[ \\^`{|}]/.exec(host)?.[0];
  if (strange !== undefined) {
    return `invalid character "${strange}" in host name`;
  }
  // In a host an escape may only stand for a byte outside ASCII, or for the percent sign of a zone.
  const bad = [...host.matchAll(/%(.{0,2})/gs)].find(
    ([, digits = '']) => !/^[89A-Fa-f][0-9A-Fa-f]$/.test(digits) && digits !== '25',
  );
  return bad === undefined ? undefined : `invalid URL escape "${bad[0]}"`;
}

function escapeFault(text: string): string | undefined {
  const bad = [...text.matchAll(/%(.{0,2})/gs)].find(([, digits = '']) => !/^[0-9A-Fa-f]{2}$/.test(digits));
  return bad === undefined ? undefined : `invalid URL escape "${bad[0]}"`;
}
