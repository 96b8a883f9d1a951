/**
 * An HTTP decision point that the proxy asks. Source of every rule: ToolHive's pkg/authz/authorizers/http,
 * ValidateConfig (what its controller checks) and NewClient (what its proxy checks when it starts).
 */
import type { Problem } from './analysis.ts';
import type { Authorizer } from './authorizer.ts';
import {
  BOOL,
  goDecode,
  INT,
  sameKey,
  STRING,
  struct,
  type GoDecoded,
  type GoRecord,
  type GoValue,
} from './go-json.ts';
import { parseGoUrl } from './go-url.ts';
import { misspeltKeys } from './misspelt-keys.ts';

export const HTTP_OPTIONS = struct('ConfigOptions', {
  http: struct('ConnectionConfig', { url: STRING, timeout: INT, insecure_skip_verify: BOOL }),
  context: struct('ContextConfig', { include_args: BOOL, include_operation: BOOL }),
  claim_mapping: STRING,
});

const MAPPINGS = ['mpe', 'standard'];

export const httpv1: Authorizer = {
  type: 'httpv1',
  configKey: 'pdp',
  validate: (config) => {
    if (config === null) {
      return [problem('spec.config', 'ConfigMissing', "pdp configuration is required (missing 'pdp' field)")];
    }
    const decoded = goDecode(config, HTTP_OPTIONS, 'pdp');
    return [
      ...decoded.mismatches.map(({ path, message }) =>
        problem(
          `spec.config${path === '' ? '' : `.${path}`}`,
          'WrongType',
          `failed to parse HTTP PDP configuration: ${message}`,
        ),
      ),
      ...connectionProblems(decoded),
      ...mappingProblems(decoded),
    ];
  },
  lint: (config) => lintHttp(goDecode(config, HTTP_OPTIONS, 'pdp')),
};

function connectionProblems({ value, mismatches, ignored }: GoDecoded): readonly Problem[] {
  const { http } = value;
  if (!isRecord(http)) {
    const nested = ['pdp', 'cedar'].find((key) => ignored.includes(key));
    const hint = nested === undefined ? '' : `; spec.config is the content of "${nested}" itself: move it one level up`;
    return [problem('spec.config.http', 'ConnectionMissing', `http configuration is required${hint}`)];
  }
  const { url } = http;
  if (typeof url !== 'string' || url === '') {
    return mismatches.some(({ path }) => sameKey(path, 'http.url'))
      ? []
      : [problem('spec.config.http.url', 'UrlMissing', 'http.url is required')];
  }
  return urlProblems(url);
}

function urlProblems(url: string): readonly Problem[] {
  const path = 'spec.config.http.url';
  const parsed = parseGoUrl(url);
  if ('fault' in parsed) {
    return [problem(path, 'UrlInvalid', `failed to create HTTP client: invalid URL: ${parsed.fault}`)];
  }
  return parsed.scheme === 'http' || parsed.scheme === 'https'
    ? []
    : [
        problem(
          path,
          'UrlScheme',
          `failed to create HTTP client: URL scheme must be http or https, got: ${parsed.scheme}; write https://HOST:PORT`,
        ),
      ];
}

function mappingProblems({ value, mismatches }: GoDecoded): readonly Problem[] {
  const mapping = value['claim_mapping'];
  const path = 'spec.config.claim_mapping';
  const valid = `(valid values: ${MAPPINGS.join(', ')})`;
  if (typeof mapping !== 'string' || mapping === '') {
    return mismatches.some((each) => sameKey(each.path, 'claim_mapping'))
      ? []
      : [problem(path, 'ClaimMappingMissing', `claim_mapping is required ${valid}`)];
  }
  const near = MAPPINGS.find((candidate) => candidate === mapping.toLowerCase());
  const hint = near === undefined ? '' : `; did you mean "${near}"?`;
  return MAPPINGS.includes(mapping)
    ? []
    : [problem(path, 'ClaimMappingInvalid', `invalid claim_mapping "${mapping}" ${valid}${hint}`)];
}

function lintHttp(decoded: GoDecoded): readonly Problem[] {
  const { http } = decoded.value;
  const findings = [...misspeltKeys(decoded, HTTP_OPTIONS)];
  if (isRecord(http) && http['insecure_skip_verify'] === true) {
    const message =
      'insecure_skip_verify turns certificate checks off: whoever can answer for the decision point allows every call.';
    findings.push(problem('spec.config.http.insecure_skip_verify', 'InsecureDecisionPoint', message));
  }
  return findings;
}

function isRecord(value: GoValue | undefined): value is GoRecord {
  return typeof value === 'object' && !Array.isArray(value);
}

function problem(path: string, reason: string, message: string): Problem {
  return { path, reason, message };
}
