/**
 * What ToolHive's proxy asks an HTTP decision point: who (principal), what (operation), of which (resource), and context.
 * Source: ToolHive's pkg/authz/authorizers/http, porc.go, claim_mapper.go and http_client.go.
 */
import { property, type JsonObject } from '../api/json.ts';
import { canonicalJson } from './canonical-json.ts';
import type { DecisionRequest } from './decision.ts';
import { depthExceeds } from './depth.ts';
import { goDecode, type GoRecord, type GoValue } from './go-json.ts';
import { HTTP_OPTIONS } from './httpv1.ts';

export interface PdpRequest {
  readonly url: string;
  /** JSON, to be sent by POST. */
  readonly body: string;
  readonly timeoutMs: number;
  /** True where the config turns certificate checks off. */
  readonly insecure: boolean;
}

/** `config` is a valid one; the fault says why there is nothing to ask. */
export function pdpRequest(config: unknown, request: DecisionRequest): PdpRequest | { readonly fault: string } {
  if (request.claims === undefined) {
    return { fault: 'missing principal: no identity in context' };
  }
  if ([request.claims, request.args].some((part) => depthExceeds(part, MAX_DEPTH))) {
    return {
      fault: `claims or arguments nest deeper than ${String(MAX_DEPTH)} levels, which is the limit of this question`,
    };
  }
  const { value } = goDecode(config, HTTP_OPTIONS, 'pdp');
  const connection = recordIn(value, 'http');
  const url = decisionUrl(connection['url']);
  if (url === undefined) {
    return { fault: 'the url of the decision point cannot be asked' };
  }
  const { timeout } = connection;
  return {
    url,
    body: canonicalJson({
      principal: principal(request.claims, value['claim_mapping'] === 'mpe'),
      operation: `mcp:${request.feature}:${request.operation}`,
      resource: `mrn:mcp:${request.server}:${request.feature}:${request.id}`,
      context: context(request, recordIn(value, 'context')),
    }),
    timeoutMs: (typeof timeout === 'number' && timeout > 0 ? timeout : DEFAULT_TIMEOUT) * 1000,
    insecure: connection['insecure_skip_verify'] === true,
  };
}

/** Far more than anybody sends, and far less than the stack. */
const MAX_DEPTH = 500;

/** Seconds. */
const DEFAULT_TIMEOUT = 30;

function recordIn(record: GoRecord, field: string): GoRecord {
  const value: GoValue | undefined = record[field];
  return typeof value === 'object' && !Array.isArray(value) ? (value as GoRecord) : {};
}

function decisionUrl(base: GoValue | undefined): string | undefined {
  if (typeof base !== 'string' || !URL.canParse(base)) {
    return undefined;
  }
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/decision`;
  url.hash = '';
  return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : undefined;
}

/** Names of the principal's attributes, and the claims that each is taken from: the first that is there. */
const STANDARD = { sub: ['sub'], roles: ['roles'], groups: ['groups'], scopes: ['scopes', 'scope'] };
const MPE = {
  sub: ['sub'],
  mroles: ['mroles', 'roles'],
  mgroups: ['mgroups', 'groups'],
  scopes: ['scopes', 'scope'],
  mclearance: ['mclearance', 'clearance'],
  mannotations: ['mannotations', 'annotations'],
};

function principal(claims: JsonObject, mpe: boolean): JsonObject {
  const mapped = Object.entries(mpe ? MPE : STANDARD).flatMap(([name, sources]) => {
    const source = sources.find((claim) => Object.hasOwn(claims, claim));
    return source === undefined ? [] : [[name, property(claims, source)] as const];
  });
  return { ...(mpe ? { mannotations: {} } : {}), ...Object.fromEntries(mapped) };
}

const HINTS = ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'];

/** `{}` where nothing of it is wanted or there. */
function context({ feature, operation, id, args, annotations }: DecisionRequest, wanted: GoRecord): JsonObject {
  const hints = HINTS.filter((hint) => typeof property(annotations, hint) === 'boolean');
  const mcp = {
    ...(wanted['include_operation'] === true ? { feature, operation, resource_id: id } : {}),
    ...(wanted['include_args'] === true && Object.keys(args ?? {}).length > 0 ? { args } : {}),
    ...(feature === 'tool' && annotations !== undefined
      ? { annotations: Object.fromEntries(hints.map((hint) => [hint, property(annotations, hint)])) }
      : {}),
  };
  return Object.keys(mcp).length > 0 ? { mcp } : {};
}
