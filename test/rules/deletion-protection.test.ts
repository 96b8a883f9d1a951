import type { Finding } from '../../src/rules/contract.ts';
import { deletionProtection } from '../../src/rules/deletion-protection.ts';
import { ABSENT, answers, NAMESPACE, present, UNKNOWN, type Given } from '../support/answers.ts';
import { evaluate } from '../support/evaluation.ts';
import { config, remove } from '../support/objects.ts';

const IN_USE = present([
  { kind: 'MCPServer', name: 'one' },
  { kind: 'VirtualMCPServer', name: 'two' },
]);

function found(given: Given, username?: string): readonly Finding[] {
  const { findings, failures } = evaluate(
    [deletionProtection],
    remove(config(), username),
    answers({ namespace: NAMESPACE, ...given }),
  );
  expect(failures).toEqual([]);
  return findings;
}

describe('deleting a config', () => {
  it('that a workload refers to is a conflict that names the workloads and how to see them', () => {
    expect(found({ referrers: IN_USE })).toEqual([
      {
        ruleId: 'deletion-protection',
        level: 'deny',
        path: '',
        reason: 'ReferencedByWorkloads',
        refusal: 'Conflict',
        message:
          'MCPAuthzConfig "a" is in use by 2 workloads: MCPServer "one", VirtualMCPServer "two". ' +
          'Remove their reference first, or point them to another config; ' +
          'to see them: kubectl get mcpservers,mcpremoteproxies,virtualmcpservers --namespace ns ' +
          '--output custom-columns=KIND:.kind,NAME:.metadata.name,CONFIG:..authzConfigRef.name',
        causes: [
          {
            reason: 'ReferencedByWorkloads',
            message: 'MCPServer "one" refers to this config',
            field: 'spec.authzConfigRef',
          },
          {
            reason: 'ReferencedByWorkloads',
            message: 'VirtualMCPServer "two" refers to this config',
            field: 'spec.incomingAuth.authzConfigRef',
          },
        ],
      },
    ]);
  });

  it('lists twenty workloads and counts the rest', () => {
    const many = Array.from({ length: 23 }, (_, i) => ({ kind: 'MCPServer', name: `s${String(i)}` }));
    const [finding] = found({ referrers: present(many) });
    expect(finding?.causes).toHaveLength(21);
    expect(finding?.causes?.at(-1)).toEqual({
      reason: 'ReferencedByWorkloads',
      message: '3 more workloads refer to it',
      field: '',
    });
    expect(finding?.message).toContain('in use by 23 workloads');
    expect(finding?.message).toContain('MCPServer "s19" and 3 more. Remove');
  });

  it.each<[string, Given]>([
    ['nothing refers to it', { referrers: present([]) }],
    ['the workload kinds are not installed', { referrers: ABSENT }],
    ['its namespace is being deleted', { referrers: IN_USE, namespace: present({ terminating: true, labels: {} }) }],
    ['its namespace is gone', { referrers: IN_USE, namespace: ABSENT }],
  ])('passes where %s', (_title, given) => {
    expect(found(given)).toEqual([]);
  });

  it.each([
    'system:serviceaccount:kube-system:namespace-controller',
    'system:serviceaccount:kube-system:generic-garbage-collector',
    'system:kube-controller-manager',
  ])('passes for %s, who asks nothing', (user) => {
    expect(deletionProtection.queries(remove(config(), user))).toEqual([]);
    expect(found({ referrers: IN_USE }, user)).toEqual([]);
  });

  it('is not judged while the workloads cannot be listed', () => {
    expect(found({ referrers: UNKNOWN }).map(({ level, message }) => [level, message])).toEqual([
      [
        'unknown',
        'Whether a workload refers to MCPAuthzConfig "a" could not be found out: the API server did not answer.',
      ],
    ]);
  });

  it('is judged by the object where the request has no name (deletecollection)', () => {
    expect(deletionProtection.queries({ ...remove(config()), name: '' })[0]).toEqual({
      ask: 'referrers',
      namespace: 'ns',
      name: 'a',
    });
  });
});
