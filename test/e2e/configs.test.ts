/** What happens to an MCPAuthzConfig between `kubectl apply` and etcd. */
import { applied, apply, get, kubectl, makeNamespace } from './cluster.ts';
import { config, POLICY, REFERENCE, workload } from './objects.ts';

let namespace: string;
beforeAll(async () => {
  namespace = await makeNamespace();
});
afterAll(() => kubectl(['delete', 'namespace', namespace, '--wait=false']));

it.each(['v1beta1', 'v1alpha1'] as const)('%s: every problem is told at once, each with its place', async (version) => {
  const bad = config(
    'bad',
    [
      POLICY,
      'permit(principal, action, resource)',
      'permit(principal, action, resource); forbid(principal, action, resource);',
    ],
    version,
  );
  const { code, stderr } = await apply(namespace, bad);
  expect(code).toBe(1);
  expect(stderr.replace(/^Warning: .*\n/, '')).toBe(
    `The MCPAuthzConfig "bad" is invalid: 
* spec.config.policies[1]: line 1, column 36: unexpected end of input; expected \`;\` or identifier
permit(principal, action, resource)
                                   ^
 [authz-config]
* spec.config.policies[2]: line 1, column 38: The string holds more than one policy: ToolHive loads only the first and silently drops the rest, a forbid among it. Give each policy a list item of its own.
permit(principal, action, resource); forbid(principal, action, resource);
                                     ^
 [authz-config]
`,
  );
  expect(await get(namespace, 'mcpauthzconfigs', 'bad')).toBeUndefined();
});

it('an edit tells whom it reaches', async () => {
  await applied(
    namespace,
    config('shared'),
    workload('MCPServer', 'one', REFERENCE),
    workload('VirtualMCPServer', 'two', REFERENCE),
  );
  const { stderr } = await applied(
    namespace,
    config('shared', [POLICY, 'forbid(principal, action, resource == Tool::"x");']),
  );
  expect(stderr).toContain(
    'Warning: spec: This change reaches 2 workloads: MCPServer "one", VirtualMCPServer "two". [used-by]',
  );
});

it('a type that a referring VirtualMCPServer cannot carry is a conflict, and on the workload it is invalid', async () => {
  const http = {
    ...config('shared'),
    spec: { type: 'httpv1', config: { http: { url: 'https://pdp.example.com' }, claim_mapping: 'standard' } },
  };
  const edit = await apply(namespace, http);
  expect([edit.code, edit.stderr]).toEqual([1, expect.stringContaining('(Conflict)')]);
  expect(edit.stderr).toContain('cannot become "httpv1" while VirtualMCPServer "two" refers to it');
  await applied(namespace, { ...http, metadata: { name: 'http' } });
  const { code, stderr } = await apply(
    namespace,
    workload('VirtualMCPServer', 'three', { authzConfigRef: { name: 'http' } }),
  );
  expect([code, stderr]).toEqual([
    1,
    expect.stringContaining(
      'MCPAuthzConfig type "httpv1" is not yet supported for VirtualMCPServer; only cedarv1 is supported',
    ),
  ]);
  expect((await apply(namespace, workload('MCPRemoteProxy', 'three', { authzConfigRef: { name: 'http' } }))).code).toBe(
    0,
  );
});
