/** The examples of docs/custom-rules.md, each asked what its first line promises. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubernetesObject } from '../../src/api/objects.ts';
import { compileCustomRules } from '../../src/custom-rules/compile.ts';
import type { Rule, RuleInput } from '../../src/rules/contract.ts';
import { clusterWorld } from '../support/cluster-world.ts';
import { evaluate, queriesOf } from '../support/evaluation.ts';
import { config, create, server, update, virtualServer } from '../support/objects.ts';

const FOLDER = join(import.meta.dirname, '../../docs/examples/custom-rules');

function example(name: string): readonly Rule[] {
  const compiled = compileCustomRules([{ name, text: readFileSync(join(FOLDER, `${name}.yaml`), 'utf8') }]);
  if ('faults' in compiled) {
    throw new Error(JSON.stringify(compiled.faults));
  }
  return compiled.rules;
}

function ask(name: string, input: RuleInput, cluster: readonly KubernetesObject[] = []): readonly string[] {
  const rules = example(name);
  const { findings, failures } = evaluate(rules, input, clusterWorld(cluster)(queriesOf(rules, input)));
  expect(failures).toEqual([]);
  return findings.map(({ level, refusal, message, ruleId }) => `${level} ${refusal ?? ''} ${message} [${ruleId}]`);
}

const namespace = (labels: Record<string, string>): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'ns', labels },
});
const http = (skip: boolean | undefined): KubernetesObject =>
  config({
    type: 'httpv1',
    config: {
      http: { url: 'https://pdp.example.com', ...(skip === undefined ? {} : { insecure_skip_verify: skip }) },
      claim_mapping: 'standard',
    },
  });
const cedar = (...policies: readonly string[]): KubernetesObject => config({ type: 'cedarv1', config: { policies } });
const referring = server({ authzConfigRef: { name: 'a' } });

describe('no-insecure-pdp-in-production', () => {
  const REFUSED =
    'deny Forbidden MCPAuthzConfig "a" sets http.insecure_skip_verify, which is not allowed in production namespace "ns": ' +
    'remove it, and give the decision point a certificate that is trusted. [no-insecure-pdp-in-production]';
  const production = namespace({ environment: 'production' });
  it.each<[string, RuleInput, readonly KubernetesObject[], readonly string[]]>([
    ['refuses the config in production', create(http(true)), [production], [REFUSED]],
    ['refuses a workload that refers to such a config', create(referring), [production, http(true)], [REFUSED]],
    ['allows it elsewhere', create(http(true)), [namespace({ environment: 'test' })], []],
    ['allows it where the namespace is not labelled', create(http(true)), [], []],
    ['allows a config that says false', create(http(false)), [production], []],
    ['allows a config that says nothing', create(http(undefined)), [production], []],
    ['allows Cedar', create(config()), [production], []],
    ['allows a workload without authorization', create(server()), [production], []],
    ['leaves a reference to nothing to the rule reference', create(referring), [production], []],
  ])('%s', (_title, input, cluster, expected) => {
    expect(ask('no-insecure-pdp-in-production', input, cluster)).toEqual(expected);
  });
});

describe('forbid-tool', () => {
  const REFUSED =
    'deny Invalid every authorization config must forbid the tool "delete_repository": add the policy forbid(principal, ' +
    'action == Action::"call_tool", resource == Tool::"delete_repository"); [forbid-tool]';
  const PERMIT = 'permit(principal, action, resource);';
  const FORBID = 'forbid(principal, action == Action::"call_tool", resource == Tool::"delete_repository");';
  const inline = (policies: readonly string[]): KubernetesObject =>
    virtualServer({ authzConfig: { type: 'inline', inline: { policies } } });
  it.each<[string, RuleInput, readonly KubernetesObject[], readonly string[]]>([
    ['refuses a config without the forbid', create(cedar(PERMIT)), [], [REFUSED]],
    ['allows one with it', create(cedar(PERMIT, FORBID)), [], []],
    [
      'allows it for every action, however it is laid out',
      create(cedar(PERMIT, FORBID.replace(' == Action::"call_tool"', '').replaceAll(' ', '\n  '))),
      [],
      [],
    ],
    ['refuses one for another tool', create(cedar(FORBID.replace('delete_repository', 'delete_repo'))), [], [REFUSED]],
    ['refuses one that is switched off', create(cedar(FORBID.replace(';', ' when { false };'))), [], [REFUSED]],
    ['refuses one in a comment', create(cedar(`// ${FORBID}\n${PERMIT}`)), [], [REFUSED]],
    ['refuses a workload that carries its policies inline', create(inline([PERMIT])), [], [REFUSED]],
    ['allows an inline workload with the forbid', create(inline([PERMIT, FORBID])), [], []],
    ['refuses a workload whose config lacks it', create(referring), [cedar(PERMIT)], [REFUSED]],
    ['leaves what is not valid to the rule authz-config', create(cedar('permit(')), [], []],
    ['leaves other types alone', create(http(false)), [], []],
    [
      'lets an update of what lacked it pass with a warning',
      update(cedar(PERMIT), cedar(PERMIT, PERMIT)),
      [],
      [`warn Invalid ${REFUSED.slice(13, -14)} This was so before the update, which is let through. [forbid-tool]`],
    ],
    ['refuses an update that removes it', update(cedar(FORBID), cedar(PERMIT)), [], [REFUSED]],
  ])('%s', (_title, input, cluster, expected) => {
    expect(ask('forbid-tool', input, cluster)).toEqual(expected);
  });
});

describe('only-cedarv1', () => {
  const REFUSED =
    'deny Forbidden only authorization configs of type cedarv1 are allowed in this cluster. [only-cedarv1]';
  it.each<[string, RuleInput, readonly string[]]>([
    ['refuses httpv1', create(http(false)), [REFUSED]],
    ['refuses what is no type at all', create(config({ type: 'opa' })), [REFUSED]],
    ['refuses a change to it', update(config(), http(false)), [REFUSED]],
    ['allows cedarv1', create(config()), []],
    ['is not asked about workloads', create(referring), []],
  ])('%s', (_title, input, expected) => {
    expect(ask('only-cedarv1', input)).toEqual(expected);
  });
});
