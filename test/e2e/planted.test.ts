/**
 * Everything that is secret goes wrong once, so that every message about it is made: policies, entities, claims, URLs
 * with passwords, tokens, Secrets. Whoever asks may read his own text; test/output looks for it everywhere else.
 */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { must } from '../../src/cli/playground/environment.ts';
import { PLANTED } from '../support/planted.ts';
import { adminApi, conditionOf, type Api } from './api.ts';
import { apply, eventually, kubectl, makeNamespace, sharedCluster } from './cluster.ts';
import { config, POLICY, REFERENCE, workload } from './objects.ts';

const PERMIT = 'permit(principal, action, resource);';
const when = (condition: string): string => PERMIT.replace(';', ` when { ${condition} };`);

let api: Api;
let namespace: string;
beforeAll(async () => {
  api = adminApi();
  namespace = await makeNamespace();
});
afterAll(async () => {
  await kubectl(['delete', 'namespace', namespace, '--wait=false']);
  api.close();
});

function spec(type: string, content: object): object {
  return { ...config('planted'), spec: { type, config: content } };
}

const cedar = (...policies: readonly string[]): object => spec('cedarv1', { policies });
const entities = (value: unknown): object =>
  spec('cedarv1', { policies: [PERMIT], entities_json: JSON.stringify(value) });
const http = (url: string): object => spec('httpv1', { http: { url }, claim_mapping: 'standard' });
const uid = { type: 'Group', id: PLANTED.entities };

const WRONG: readonly (readonly [string, object])[] = [
  ['a word that means nothing', cedar(when(PLANTED.policy))],
  ['a function that is none', cedar(when(`${PLANTED.policy}("x")`))],
  ['an effect that is none', cedar(`${PLANTED.policy}(principal);`)],
  ['a string that does not end', cedar(when(`"${PLANTED.policy}`))],
  ['two in one', cedar(`${PERMIT} ${PERMIT.replace('principal', `principal == User::"${PLANTED.policy}"`)}`)],
  ['an annotation twice', cedar(`@${PLANTED.policy}("a") @${PLANTED.policy}("b") ${PERMIT}`)],
  ['entities that are no JSON', spec('cedarv1', { policies: [PERMIT], entities_json: `[${PLANTED.entities}` })],
  [
    'an entity with a value that is none',
    entities([{ uid, attrs: { a: { __extn: { fn: 'decimal', arg: PLANTED.entities } } } }]),
  ],
  ['an entity without a type', entities([{ uid: { id: PLANTED.entities } }])],
  ['a group type that is none', spec('cedarv1', { policies: [PERMIT], group_entity_type: `${PLANTED.policy} in` })],
  ['a URL of another scheme', http(`ftp://user:${PLANTED.url}@pdp:9000`)],
  ['a URL with a password where the port is', http(`http://user:${PLANTED.url}:9000`)],
  ['a URL with a strange host', http(`http://user:${PLANTED.url}@p dp:9000`)],
  ['a claim mapping that is none', spec('httpv1', { http: { url: 'http://pdp' }, claim_mapping: PLANTED.url })],
];

it.each(WRONG)('%s is refused', async (_what, object) => {
  const { code, stderr } = await apply(namespace, object);
  expect([code, stderr]).toEqual([1, expect.stringContaining('[authz-config]')]);
});

it('whoever wrote a policy reads it in the refusal', async () => {
  expect((await apply(namespace, cedar(when(PLANTED.policy)))).stderr).toContain(PLANTED.policy);
});

it('what is allowed with warnings', async () => {
  const odd = [
    POLICY,
    `permit(principal, action == Action::"${PLANTED.policy}", resource);`,
    when(`principal.${PLANTED.policy} == "${PLANTED.policy}"`),
  ];
  const { code, stderr } = await apply(namespace, spec('cedarv1', { policies: odd, [PLANTED.policy]: 1 }));
  expect([code, stderr]).toEqual([0, expect.stringContaining(PLANTED.policy)]);
  expect((await apply(namespace, http(`http://user:${PLANTED.url}@pdp:9000/${PLANTED.url}`))).code).toBe(0);
  expect((await apply(namespace, workload('MCPServer', 'w', { authzConfigRef: { name: 'planted' } }))).code).toBe(0);
});

/** Where our webhooks are not asked, so that what is wrong is stored and the loop meets it. */
it.each(WRONG.filter(([, object]) => !JSON.stringify(object).includes('claim_mapping')))(
  '%s is told by the loop',
  async (_what, object) => {
    const there = 'kube-public';
    await must(kubectl, ['apply', '-n', there, '-f', '-'], JSON.stringify(object));
    await must(
      kubectl,
      ['apply', '-n', there, '-f', '-'],
      JSON.stringify(workload('MCPServer', 'p', { authzConfigRef: { name: 'planted' } })),
    );
    await eventually('the verdict', async () => {
      const found = await api.get(there, 'mcpauthzconfigs', 'planted');
      const valid = conditionOf(found, 'Valid');
      return valid?.['status'] === 'False' && valid['observedGeneration'] === found?.metadata.generation;
    });
    // From good to bad each time, for an event is told on transitions only.
    await must(kubectl, ['apply', '-n', there, '-f', '-'], JSON.stringify(config('planted', [POLICY])));
    await eventually('valid', async () => {
      return conditionOf(await api.get(there, 'mcpauthzconfigs', 'planted'), 'Valid')?.['status'] === 'True';
    });
  },
);
afterAll(async () => {
  await kubectl(['delete', 'mcpserver', 'p', '-n', 'kube-public', '--ignore-not-found']);
  await kubectl(['delete', 'mcpauthzconfig', 'planted', '-n', 'kube-public', '--wait=false', '--ignore-not-found']);
});

it('claims of decision tests, those that cannot be read among them', async () => {
  const tests = (text: string): object => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'tests', labels: { 'authz.toolhive.stacklok.dev/decision-tests': 'shared' } },
    data: { 'tests.yaml': text },
  });
  const cases = `cases:\n  - { name: one, claims: { sub: ${PLANTED.claims} }, call: { id: weather }, expect: allow }\n`;
  await apply(namespace, config('shared', [POLICY]), workload('MCPServer', 'v', REFERENCE), tests(cases));
  const edit = await apply(namespace, config('shared', [POLICY.replace('permit', 'forbid')]));
  expect([edit.code, edit.stderr]).toEqual([1, expect.stringContaining('[decision-tests]')]);
  const unread = await apply(namespace, tests(cases.replace('expect: allow', `expects: ${PLANTED.claims}`)));
  expect(unread.code).toBe(1);
});

it('a Secret beside the server’s own', async () => {
  const literal = `--from-literal=password=${PLANTED.secret}`;
  await must(kubectl, ['create', 'secret', 'generic', 'planted', '-n', 'mcp-authz-system', literal]);
  await must(kubectl, ['delete', 'secret', 'planted', '-n', 'mcp-authz-system']);
});

it('a token, a query and a body that belong to nobody', async () => {
  const { folder, port } = sharedCluster();
  const ca = readFileSync(join(folder, 'webhook-ca.crt'));
  const ask = (path: string, body: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const headers = { Authorization: `Bearer ${PLANTED.token}`, 'Content-Type': 'application/json' };
      const options = { host: '127.0.0.1', port, path, method: 'POST', ca, headers, agent: false };
      const call = request(options, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      call.on('error', reject);
      call.end(body);
    });
  expect(await ask(`/validate?token=${PLANTED.token}`, `{"${PLANTED.body}": ${PLANTED.body}`)).toBe(400);
  expect(await ask(`/validate`, JSON.stringify({ kind: 'AdmissionReview', spec: PLANTED.body }))).toBe(400);
  expect(await ask(`/${PLANTED.token}`, PLANTED.body)).toBe(404);
});
