/**
 * What ToolHive's proxy hands to its Cedar engine for one call: identifiers, attributes, parents and context.
 * Source: ToolHive's pkg/authz/authorizers/cedar, core.go and entity.go.
 */
import { isJsonObject, property, type JsonObject } from '../api/json.ts';
import type { StoredEntity } from './cedar-hierarchy.ts';
import {
  decimalOfNumber,
  EMPTY_RECORD,
  entityKey,
  entityValue,
  recordOf,
  setOf,
  type CedarValue,
  type EntityValue,
  type RecordValue,
} from './cedar-value.ts';
import type { DecisionRequest } from './decision.ts';

export interface RequestModel {
  readonly principal: EntityValue;
  readonly action: EntityValue;
  readonly resource: EntityValue;
  readonly context: RecordValue;
  /** The three entities above, by key; whatever entities_json says of them does not count. */
  readonly entities: ReadonlyMap<string, StoredEntity>;
}

export interface RequestOptions {
  readonly primaryUpstreamProvider: string;
  readonly groupClaimName: string;
  readonly roleClaimName: string;
  readonly groupEntityType: string;
  readonly multiValuedClaims: readonly string[];
}

type Fields = readonly (readonly [string, CedarValue])[];

export function requestModel(
  request: DecisionRequest,
  options: RequestOptions,
): RequestModel | { readonly fault: string } {
  const claims = claimsOf(request, options);
  if ('fault' in claims) {
    return claims;
  }
  const subject = property(claims.value, 'sub');
  if (typeof subject !== 'string' || subject === '') {
    return { fault: 'missing principal' };
  }
  const target = targetOf(request);
  if (target === undefined) {
    return { fault: `unsupported feature/operation combination: ${request.feature}/${request.operation}` };
  }
  const claimFields = claimAttributes(claims.value, options.multiValuedClaims);
  const argumentFields = argumentAttributes(request.args);
  const principal = entityValue('Client', subject.toWellFormed());
  const action = entityValue('Action', target.action);
  const resource = entityValue(target.type, target.id);
  const groups = groupsOf(claims.value, options).map((group) => entityValue(options.groupEntityType, group));
  const server = request.server.toWellFormed();
  return {
    principal,
    action,
    resource,
    context: recordOf([...claimFields, ...argumentFields]),
    entities: new Map([
      stored(principal, recordOf(claimFields), groups),
      stored(action, recordOf([['operation', target.action]]), []),
      stored(
        resource,
        recordOf([...target.before, ...argumentFields, ...target.after]),
        server === '' ? [] : [entityValue('MCP', server)],
      ),
    ]),
  };
}

function stored(
  { type, id }: EntityValue,
  attributes: RecordValue,
  parents: readonly EntityValue[],
): readonly [string, StoredEntity] {
  return [entityKey(type, id), { attributes, parents, tags: EMPTY_RECORD }];
}

/** Of the upstream provider that the config names, or else of the token that the caller sent. */
function claimsOf(
  { claims, upstream }: DecisionRequest,
  { primaryUpstreamProvider: provider }: RequestOptions,
): { readonly value: JsonObject } | { readonly fault: string } {
  if (claims === undefined) {
    return { fault: 'missing principal' };
  }
  if (provider === '') {
    return { value: claims };
  }
  const found = property(upstream, provider);
  return isJsonObject(found)
    ? { value: found }
    : { fault: `upstream token for provider "${provider}" not found in identity` };
}

interface Target {
  readonly type: string;
  readonly id: string;
  readonly action: string;
  /** Attributes of the resource that an argument or hint of the same name replaces, and those that replace it. */
  readonly before: Fields;
  readonly after: Fields;
}

function targetOf({ feature, operation, id, annotations }: DecisionRequest): Target | undefined {
  const name = id.toWellFormed();
  const fixed = (given: string): Fields => [
    ['operation', operation],
    ['feature', given],
  ];
  switch (`${feature}/${operation}`) {
    case 'tool/call':
      return {
        type: 'Tool',
        id: name,
        action: 'call_tool',
        before: hints(annotations),
        after: [['name', name], ...fixed('tool')],
      };
    case 'prompt/get':
      return {
        type: 'Prompt',
        id: name,
        action: 'get_prompt',
        before: [['name', name], ...fixed('prompt')],
        after: [],
      };
    case 'resource/read':
      return {
        type: 'Resource',
        id: name,
        action: 'read_resource',
        before: [['name', name], ['uri', name], ...fixed('resource')],
        after: [],
      };
    default: {
      const given = feature.toWellFormed();
      return operation === 'list'
        ? {
            type: 'FeatureType',
            id: given,
            action: `list_${given}s`,
            before: [['name', given], ['type', given], ...fixed(given)],
            after: [],
          }
        : undefined;
    }
  }
}

const HINTS = ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'];

function hints(annotations: JsonObject | undefined): Fields {
  return HINTS.flatMap((hint) => {
    const value = property(annotations, hint);
    return typeof value === 'boolean' ? [[hint, value] as const] : [];
  });
}

/** `claim_<name>` for each; a multi-valued one as text, joined by spaces, and as `claimset_<name>`. */
function claimAttributes(claims: JsonObject, multiValued: readonly string[]): Fields {
  const several = new Set(multiValued);
  const plain = Object.entries(claims).flatMap(([name, claim]): Fields => {
    const joined = several.has(name) && Array.isArray(claim) ? strings(claim).join(' ') : claim;
    return field(`claim_${name}`, joined);
  });
  const sets = [...several].flatMap((name): Fields => {
    const claim = property(claims, name);
    const elements = typeof claim === 'string' ? words(claim) : Array.isArray(claim) ? strings(claim) : undefined;
    return elements === undefined ? [] : [[`claimset_${name}`.toWellFormed(), setOf(elements)]];
  });
  return [...plain, ...sets];
}

function strings(list: readonly unknown[]): readonly string[] {
  return list.filter((element) => typeof element === 'string').map((element) => element.toWellFormed());
}

/** White space as Go's strings.Fields knows it. */
const SPACES = /[\t\n\u000b\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/u;

function words(text: string): readonly string[] {
  return text
    .toWellFormed()
    .split(SPACES)
    .filter((word) => word !== '');
}

/** Scalars as they are; of anything else, null among it, only that it is there. */
function argumentAttributes(args: JsonObject | undefined): Fields {
  return Object.entries(args ?? {}).flatMap(([name, value]): Fields =>
    typeof value === 'object' ? [[`arg_${name}_present`.toWellFormed(), true]] : field(`arg_${name}`, value),
  );
}

function field(name: string, value: unknown): Fields {
  const converted = convert(value, 0);
  return converted === undefined ? [] : [[name.toWellFormed(), converted]];
}

/** How deep claims may nest; ToolHive's maxClaimNestingDepth. */
const MAX_DEPTH = 10;

/** Undefined for what the engine is not given: null, numbers out of range, and what nests too deep. */
function convert(value: unknown, depth: number): CedarValue | undefined {
  if (depth > MAX_DEPTH) {
    return undefined;
  }
  if (typeof value === 'string') {
    return value.toWellFormed();
  }
  if (typeof value === 'number') {
    return decimalOfNumber(value);
  }
  if (Array.isArray(value)) {
    const elements = value.map((element: unknown) => convert(element, depth + 1));
    return setOf(elements.filter((element) => element !== undefined));
  }
  if (isJsonObject(value)) {
    return recordOf(
      Object.entries(value).flatMap(([name, entry]) => {
        const converted = convert(entry, depth + 1);
        return converted === undefined ? [] : [[name.toWellFormed(), converted] as const];
      }),
    );
  }
  return typeof value === 'boolean' ? value : undefined;
}

const WELL_KNOWN_GROUP_CLAIMS = ['groups', 'roles', 'cognito:groups'];

/** A claim that is there but is no list counts as absent; an empty list does not. */
function groupsOf(claims: JsonObject, { groupClaimName, roleClaimName }: RequestOptions): readonly string[] {
  let groups = listClaim(claims, groupClaimName);
  for (const name of WELL_KNOWN_GROUP_CLAIMS) {
    groups ??= listClaim(claims, name);
  }
  return [...new Set([...(groups ?? []), ...(listClaim(claims, roleClaimName) ?? [])])];
}

/** By the claim's own name, or else by the path that dots in it make. */
function listClaim(claims: JsonObject, name: string): readonly string[] | undefined {
  if (name === '') {
    return undefined;
  }
  let found: unknown = property(claims, name);
  if (!Object.hasOwn(claims, name)) {
    found = claims;
    for (const segment of name.split('.')) {
      found = property(found, segment);
    }
  }
  return Array.isArray(found) ? strings(found) : undefined;
}
