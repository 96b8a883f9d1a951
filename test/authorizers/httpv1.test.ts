/** Problems of a config that names a decision point, in the words of ToolHive where it has them. */
import { httpv1 } from '../../src/authorizers/httpv1.ts';
import { createCedar } from '../../src/authorizers/cedar.ts';

const cedar = createCedar();
const HTTP = { url: 'https://pdp:9000' };
const MISSING =
  'spec.config.claim_mapping ClaimMappingMissing: claim_mapping is required (valid values: mpe, standard)';
const wrong = (path: string, kind: string, field: string, type: string): string =>
  `spec.config${path} WrongType: failed to parse HTTP PDP configuration: json: cannot unmarshal ${kind} into Go struct field ${field} of type ${type}`;

function told(list: ReturnType<typeof httpv1.validate>): readonly string[] {
  return list.map(({ path, reason, message }) => `${path} ${reason}: ${message}`);
}

it.each<[string, unknown, readonly string[]]>([
  ['all that is needed', { http: HTTP, claim_mapping: 'mpe' }, []],
  ['the other mapping', { http: HTTP, claim_mapping: 'standard' }, []],
  ['http without TLS', { http: { url: 'http://pdp' }, claim_mapping: 'mpe' }, []],
  ['nothing', null, ["spec.config ConfigMissing: pdp configuration is required (missing 'pdp' field)"]],
  ['neither', {}, ['spec.config.http ConnectionMissing: http configuration is required', MISSING]],
  [
    'the envelope',
    { pdp: { http: HTTP } },
    [
      'spec.config.http ConnectionMissing: http configuration is required; spec.config is the content of "pdp" itself: move it one level up',
      MISSING,
    ],
  ],
  [
    'the envelope of the other backend',
    { cedar: {}, claim_mapping: 'mpe' },
    [
      'spec.config.http ConnectionMissing: http configuration is required; spec.config is the content of "cedar" itself: move it one level up',
    ],
  ],
  [
    'a list',
    [],
    [
      wrong('', 'array', 'Config.pdp', 'ConfigOptions'),
      'spec.config.http ConnectionMissing: http configuration is required',
      MISSING,
    ],
  ],
  [
    'a connection that is a text',
    { HTTP: 'x', claim_mapping: 'mpe' },
    [
      wrong('.HTTP', 'string', 'ConfigOptions.pdp.http', 'ConnectionConfig'),
      'spec.config.http.url UrlMissing: http.url is required',
    ],
  ],
  [
    'a connection without address',
    { http: {}, claim_mapping: 'mpe' },
    ['spec.config.http.url UrlMissing: http.url is required'],
  ],
  [
    'an address of nothing',
    { http: { url: '' }, claim_mapping: 'mpe' },
    ['spec.config.http.url UrlMissing: http.url is required'],
  ],
  [
    'an address that is a number',
    { http: { URL: 1 }, claim_mapping: 'mpe' },
    [wrong('.http.URL', 'number', 'ConnectionConfig.pdp.http.url', 'string')],
  ],
  [
    'an address that Go does not parse',
    { http: { url: 'http://p dp' }, claim_mapping: 'mpe' },
    ['spec.config.http.url UrlInvalid: failed to create HTTP client: invalid URL: invalid character " " in host name'],
  ],
  [
    'an address of another scheme',
    { http: { url: 'grpc://pdp' }, claim_mapping: 'mpe' },
    [
      'spec.config.http.url UrlScheme: failed to create HTTP client: URL scheme must be http or https, got: grpc; write https://HOST:PORT',
    ],
  ],
  [
    'an address without scheme',
    { http: { url: '//pdp' }, claim_mapping: 'mpe' },
    [
      'spec.config.http.url UrlScheme: failed to create HTTP client: URL scheme must be http or https, got: ; write https://HOST:PORT',
    ],
  ],
  ['a mapping of nothing', { http: HTTP, claim_mapping: '' }, [MISSING]],
  [
    'a mapping that is a number',
    { http: HTTP, Claim_Mapping: 1 },
    [wrong('.Claim_Mapping', 'number', 'ConfigOptions.pdp.claim_mapping', 'string')],
  ],
  [
    'a mapping in capitals',
    { http: HTTP, claim_mapping: 'MPE' },
    [
      'spec.config.claim_mapping ClaimMappingInvalid: invalid claim_mapping "MPE" (valid values: mpe, standard); did you mean "mpe"?',
    ],
  ],
  [
    'another mapping',
    { http: HTTP, claim_mapping: 'x' },
    ['spec.config.claim_mapping ClaimMappingInvalid: invalid claim_mapping "x" (valid values: mpe, standard)'],
  ],
  [
    'more of the wrong types',
    { http: { ...HTTP, timeout: '5', insecure_skip_verify: 'no' }, context: [], claim_mapping: 'mpe' },
    [
      wrong('.http.timeout', 'string', 'ConnectionConfig.pdp.http.timeout', 'int'),
      wrong('.http.insecure_skip_verify', 'string', 'ConnectionConfig.pdp.http.insecure_skip_verify', 'bool'),
      wrong('.context', 'array', 'ConfigOptions.pdp.context', 'ContextConfig'),
    ],
  ],
])('%s', (_what, config, expected) => {
  expect(told(httpv1.validate(config, cedar))).toEqual(expected);
});

it.each<[string, unknown, readonly string[]]>([
  ['nothing to say', { http: HTTP }, []],
  ['certificates are checked', { http: { ...HTTP, insecure_skip_verify: false } }, []],
  [
    'certificates are not checked',
    { http: { ...HTTP, insecure_skip_verify: true } },
    [
      'spec.config.http.insecure_skip_verify InsecureDecisionPoint: insecure_skip_verify turns certificate checks off: whoever can answer for the decision point allows every call.',
    ],
  ],
  [
    'misspelt keys, at any depth',
    { htp: 1, Http: { ...HTTP, timeot: 5, zzz: 1 }, context: { include_arg: true } },
    [
      'spec.config.Http.timeot UnknownKey: The key "timeot" is not read: it has no effect at run time. Did you mean "timeout"?',
      'spec.config.Http.zzz UnknownKey: The key "zzz" is not read: it has no effect at run time.',
      'spec.config.context.include_arg UnknownKey: The key "include_arg" is not read: it has no effect at run time. Did you mean "include_args"?',
      'spec.config.htp UnknownKey: The key "htp" is not read: it has no effect at run time. Did you mean "http"?',
    ],
  ],
  [
    'keys that come again, at any depth',
    { HTTP: { ...HTTP, URL: 'https://other' }, http: HTTP },
    [
      'spec.config.HTTP.URL RepeatedKey: Another key is read for the same field as "URL", because capitals make no difference: the later one counts, and the API server puts them into another order. Keep one.',
      'spec.config.http RepeatedKey: Another key is read for the same field as "http", because capitals make no difference: the later one counts, and the API server puts them into another order. Keep one.',
    ],
  ],
])('advice: %s', (_what, config, expected) => {
  expect(told(httpv1.lint(config, cedar))).toEqual(expected);
});

it('leaves decisions to others', () => {
  expect('decide' in httpv1).toBe(false);
});
