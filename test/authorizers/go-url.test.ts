/** net/url.Parse of Go 1.26, as ToolHive's proxy asks it; every answer was measured with Go. */
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
])('%s is taken', (text, expected) => {
  expect(parseGoUrl(text)).toEqual(expected);
});

it.each([
  'pdp:9000/x:y\u0000',
  ':pdp',
  'http://pdp:port',
  'http://p dp',
  'http://[::1',
  'http://pdp/%zz',
  'a b:c',
  '1a:b',
])('%j is not', (text) => {
  expect(parseGoUrl(text)).toHaveProperty('fault');
});
