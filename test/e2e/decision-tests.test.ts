/** Decision tests in ConfigMaps, on a real API server: under the server's own permissions, by its own registration. */
import { apply, applied, makeNamespace } from './cluster.ts';
import { config, REFERENCE, workload } from './objects.ts';

const ALLOWS = (tool: string): string =>
  `permit(principal, action == Action::"call_tool", resource == Tool::"${tool}");`;
const CASES = `cases:
  - { name: weather for all, claims: { sub: alice }, call: { id: weather }, expect: allow }
  - { name: no forecast, claims: { sub: alice }, call: { id: forecast }, expect: deny }
`;

function tests(text: string, action = 'Deny'): object {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'tests',
      labels: { 'authz.toolhive.stacklok.dev/decision-tests': 'shared' },
      annotations: { 'authz.toolhive.stacklok.dev/decision-tests-action': action },
    },
    data: { 'tests.yaml': text },
  };
}

it('a change that breaks a case is refused, or warned about', async () => {
  const namespace = await makeNamespace();
  await applied(namespace, config('shared', [ALLOWS('weather')]), tests(CASES), workload('MCPServer', 'w', REFERENCE));
  const refused = await apply(namespace, config('shared', [ALLOWS('forecast')]));
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(
    'Decision test "no forecast" of ConfigMap "tests" expects deny, and would get allow.',
  );
  expect(refused.stderr).toContain(
    'Decision test "weather for all" of ConfigMap "tests" expects allow, and would get deny.',
  );
  await applied(namespace, tests(CASES, 'Warn'));
  const warned = await applied(namespace, config('shared', [ALLOWS('forecast')]));
  expect(warned.stderr).toContain('Warning: spec.config: Decision test "no forecast" of ConfigMap "tests"');
  expect(warned.stderr).toContain(
    'This change reaches 1 workload: MCPServer "w". Of its decision tests turn from allow to deny: "weather for all"; from deny to allow: "no forecast".',
  );
});

it('tests that cannot be read are refused, and other ConfigMaps are not asked', async () => {
  const namespace = await makeNamespace();
  const refused = await apply(namespace, tests(CASES.replaceAll('expect:', 'expects:')));
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('cases[0].expect: "expect" must be allow or deny');
  await applied(namespace, { ...tests('x'), metadata: { name: 'plain' } });
});

it('what becomes allowed is acknowledged by the hash that the refusal tells', async () => {
  const namespace = await makeNamespace();
  const watched = (tool: string, more: Record<string, string> = {}): object => {
    const object = config('shared', [ALLOWS(tool)]);
    const annotations = { 'authz.toolhive.stacklok.dev/widening': 'Acknowledge', ...more };
    return { ...object, metadata: { ...object.metadata, annotations } };
  };
  await applied(namespace, watched('weather'), tests(CASES, 'Warn'));
  const refused = await apply(namespace, watched('forecast'));
  const hash = /acknowledge-widening: "([0-9a-f]{8})"/.exec(refused.stderr)?.[1] ?? '';
  expect(refused.stderr).toContain('This change allows what was denied ("no forecast")');
  await applied(namespace, watched('forecast', { 'authz.toolhive.stacklok.dev/acknowledge-widening': hash }));
});
