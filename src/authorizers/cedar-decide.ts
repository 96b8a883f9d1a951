/**
 * What ToolHive's proxy decides of a call under a Cedar config: permit only where a policy permits, none forbids, and no
 * policy errs. Source: ToolHive's pkg/authz/authorizers/cedar, IsAuthorized, and cedar-go's Authorize.
 */
import type { Problem } from './analysis.ts';
import type { Environment, StoredEntity } from './cedar-hierarchy.ts';
import { stringOf, stringsOf } from './cedar-options.ts';
import type { ExecutablePolicy } from './cedar-policy.ts';
import { requestModel, type RequestOptions } from './cedar-request.ts';
import { DEFAULT_GROUP_TYPE } from './cedar-schema.ts';
import { entityKey, entityValue } from './cedar-value.ts';
import { denied, type Decide, type Decision, type Trace } from './decision.ts';
import { readEntities, type StaticEntity } from './entities.ts';
import type { GoDecoded } from './go-json.ts';
import { shortfall, type CompilePolicy } from './policy-compiler.ts';

/** `problems` are those that keep the proxy from starting: without it, nothing is allowed. */
export function cedarDecide(decoded: GoDecoded, problems: readonly Problem[], compile: CompilePolicy): Decide {
  const policies = stringsOf(decoded, 'policies').map((source, index) => executable(source, index, compile));
  const faults = [
    ...problems.map(({ path, message }) => `${path}: ${message}`),
    ...policies.filter((policy) => typeof policy === 'string'),
  ];
  if (faults.length > 0) {
    const decision: Decision = { allow: false, policies: [], errors: faults };
    return () => decision;
  }
  const runnable = policies.filter((policy) => typeof policy !== 'string');
  const entities = storedEntities(readEntities(stringOf(decoded, 'entities_json')).entities);
  const options: RequestOptions = {
    primaryUpstreamProvider: stringOf(decoded, 'primary_upstream_provider'),
    groupClaimName: stringOf(decoded, 'group_claim_name'),
    roleClaimName: stringOf(decoded, 'role_claim_name'),
    // As it is written, blanks around it and all: that is what the proxy compares with.
    groupEntityType: stringOf(decoded, 'group_entity_type') || DEFAULT_GROUP_TYPE,
    multiValuedClaims: stringsOf(decoded, 'multi_valued_claims'),
  };
  return (request, trace) => {
    const model = requestModel(request, options);
    return 'fault' in model
      ? denied(model.fault)
      : authorize(runnable, { ...model, entity: (key) => model.entities.get(key) ?? entities.get(key) }, trace);
  };
}

function executable(source: string, index: number, compile: CompilePolicy): ExecutablePolicy | string {
  const policy = compile(source);
  return 'fault' in policy ? `spec.config.policies[${String(index)}]: ${policy.fault}` : policy;
}

/** Of entries with the same identifier the last counts; one without has an empty type and id. */
function storedEntities(entities: readonly StaticEntity[]): ReadonlyMap<string, StoredEntity> {
  return new Map(
    entities.map(({ uid, parents, attributes, tags }) => [
      entityKey(uid?.type ?? '', uid?.id ?? ''),
      { attributes, tags, parents: parents.map(({ type, id }) => entityValue(type, id)) },
    ]),
  );
}

/** Every policy is run, so that every error is told. */
function authorize(
  policies: readonly ExecutablePolicy[],
  environment: Environment,
  trace: Trace | undefined,
): Decision {
  const matched = { permit: [] as number[], forbid: [] as number[] };
  const erring: number[] = [];
  const errors: string[] = [];
  for (const [index, { effect, missing }] of policies.entries()) {
    try {
      const part = missing(environment);
      if (part === undefined) {
        matched[effect].push(index);
      } else {
        trace?.(index, part);
      }
    } catch (error) {
      erring.push(index);
      errors.push(`while evaluating policy \`policy${String(index)}\`: ${shortfall(error)}`);
    }
  }
  if (errors.length > 0) {
    return { allow: false, policies: erring, errors };
  }
  return matched.forbid.length > 0
    ? { allow: false, policies: matched.forbid, errors }
    : { allow: matched.permit.length > 0, policies: matched.permit, errors };
}
