/** net/url.Parse of Go 1.26, as ToolHive's proxy asks it; its faults in its own words. */
import { parseGoUrl } from '../../src/authorizers/go-url.ts';

it.each([
  ['http://pdp:9000', { scheme: 'http' }],
  ['HTTPS://pdp', { scheme: 'https' }],
  ['http://', { scheme: 'http' }],
  ['http:pdp', { scheme: 'http' }],
  ['ftp://pdp', { scheme: 'ftp' }],
  ['/pdp', { scheme: '' }],
  ['pdp', { scheme: '' }],
  ['//pdp', { scheme: '' }],
  ['http://[::1]:9000/x', { scheme: 'http' }],
  ['http://user:pass@pdp', { scheme: 'http' }],
  ['http://pdp:', { scheme: 'http' }],
  ['http://pdp/a b', { scheme: 'http' }],
  ['http://[::1]', { scheme: 'http' }],
  ['http://user@[::1]:80', { scheme: 'http' }],
  ['http://[fe80::1%25e%20]', { scheme: 'http' }],
])('%s is taken', (text, expected) => {
  expect(parseGoUrl(text)).toEqual(expected);
});

it.each([
  ['pdp:9000/x:y\u0000', 'invalid control character in URL'],
  ['http://pdp/\u001f', 'invalid control character in URL'],
  ['http://pdp/\u007f', 'invalid control character in URL'],
  [':pdp', 'missing protocol scheme'],
  ['http://pdp:port', 'invalid port ":port" after host'],
  ['http://pdp:90x', 'invalid port ":90x" after host'],
  ['http://pdp:x90', 'invalid port ":x90" after host'],
  ['http://pdp:x:90', 'invalid port ":x:90" after host'],
  ['http://:x', 'invalid port ":x" after host'],
  ['http://p dp', 'invalid character " " in host name'],
  ['http://p|dp', 'invalid character "|" in host name'],
  ['http://p%41dp', 'invalid URL escape "%41"'],
  ['http://pdp%zz', 'invalid URL escape "%zz"'],
  ['http://pdp%8', 'invalid URL escape "%8"'],
  ['http://[::1', "missing ']' in host"],
  ['http://[::1]x', 'invalid port "x" after host'],
  ['http://[::1%41]', 'invalid URL escape "%41"'],
  ['http://a[::1]', 'invalid IP-literal'],
  ['http://[fe80::1%25e th]', 'invalid character " " in host name'],
  ['http://[fe80::1%25e%zz]', 'invalid URL escape "%zz"'],
  ['http://[fe80::1%25e%2f]', 'invalid URL escape "%2f"'],
  ['http://us er@pdp', 'invalid userinfo'],
  ['http://us<er@pdp', 'invalid userinfo'],
  ['http://us%zzer@pdp', 'invalid URL escape "%zz"'],
  ['http://user:%zz@pdp', 'invalid URL escape "%zz"'],
  ['http://user%4:1@pdp', 'invalid URL escape "%4"'],
  ['http://user:p%4@pdp', 'invalid URL escape "%4"'],
  ['http://pdp/%zz', 'invalid URL escape "%zz"'],
  ['http://pdp/%4', 'invalid URL escape "%4"'],
  ['http://pdp/%', 'invalid URL escape "%"'],
  ['http://pdp#%zz', 'invalid URL escape "%zz"'],
  ['#%zz', 'invalid URL escape "%zz"'],
  ['///%zz', 'invalid URL escape "%zz"'],
  ['/%zz', 'invalid URL escape "%zz"'],
  ['pdp%zz', 'invalid URL escape "%zz"'],
  ['a b:c', 'first path segment in URL cannot contain colon'],
  ['1a:b', 'first path segment in URL cannot contain colon'],
])('%j is not: %s', (text, fault) => {
  expect(parseGoUrl(text)).toEqual({ fault });
});

it.each([
  ['a/b:c', ''],
  ['a?b:c', ''],
  ['a#b:c', ''],
  ['#a:b', ''],
  ['/a:b', ''],
  ['/a//b:x', ''],
  ['//a', ''],
  ['http:%zz', 'http'],
  ['http://pdp?%zz', 'http'],
  ['http://pdp?%zz#a', 'http'],
  ['http://pdp?%#41', 'http'],
  ['http://pdp/%41%7e', 'http'],
  ['http://pdp#%41', 'http'],
  ['http://pdp%C3%a9', 'http'],
  ['http://pdp%25', 'http'],
  ['http://[fe80::1%25eth%41]:1', 'http'],
  ['http://u%41:p%42@pdp', 'http'],
  ['http://user:%41@pdp', 'http'],
  ['http://a@b@pdp', 'http'],
  ['///a', ''],
  ['h+t.t-1p://pdp', 'h+t.t-1p'],
])('%j is one of scheme %j', (text, scheme) => {
  expect(parseGoUrl(text)).toEqual({ scheme });
});

/** Go has other words for each of them. */
it.each(['zz', 'fe80::1%25', '::1%80', '%25eth', '1.2.3.4'])('[%s] is no address', (literal) => {
  expect(parseGoUrl(`http://[${literal}]`)).toEqual({ fault: `invalid host: "${literal}" is no IPv6 address` });
});
