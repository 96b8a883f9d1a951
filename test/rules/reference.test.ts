import { createReferenceRule } from '../../src/rules/reference.ts';
import type { RulePolicy, WriteInput } from '../../src/rules/contract.ts';
import { ABSENT, answers, NAMESPACE, present, UNKNOWN, type Given } from '../support/answers.ts';
import { evaluate } from '../support/evaluation.ts';
import { create, resolved, server, update, virtualServer } from '../support/objects.ts';

const REFERRING = server({ authzConfigRef: { name: 'a' } });
const MISSING =
  'MCPAuthzConfig "a" does not exist in namespace "ns": ToolHive does not roll this workload out until it does. ' +
  'Create it, or correct the name; a config of another namespace cannot be used.';

function found(
  given: Given,
  input: WriteInput = create(REFERRING),
  missingReference: RulePolicy['missingReference'] = 'Warn',
): string[] {
  const { findings, failures } = evaluate(
    [createReferenceRule({ missingReference })],
    input,
    answers({ namespace: NAMESPACE, ...given }),
  );
  expect(failures).toEqual([]);
  return findings.map(
    ({ level, refusal, path, message }) => `${level}${refusal === undefined ? '' : ` ${refusal}`} ${path}: ${message}`,
  );
}

function labelled(value: string): Given {
  const labels = { 'authz.toolhive.stacklok.dev/missing-reference': value };
  return { config: ABSENT, namespace: present({ terminating: false, labels }) };
}

describe('a reference', () => {
  it('to a valid config is fine', () => {
    expect(found({ config: present(resolved()) })).toEqual([]);
  });

  it('that is not there asks nothing', () => {
    expect(found({}, create(server()))).toEqual([]);
  });

  it('to a config that does not exist is warned about', () => {
    expect(found({ config: ABSENT })).toEqual([`warn spec.authzConfigRef: ${MISSING}`]);
  });

  it.each([
    ['the server says so', { config: ABSENT }, 'Deny', 'deny'],
    ['the namespace says so', labelled('Deny'), 'Warn', 'deny'],
    ['but not where the namespace says otherwise', labelled('Warn'), 'Deny', 'warn'],
    ['a namespace label that is neither word counts as none', labelled('deny'), 'Warn', 'warn'],
    ['a namespace that could not be read counts as none', { config: ABSENT, namespace: UNKNOWN }, 'Deny', 'deny'],
  ] as const)('to a config that does not exist: refused where %s', (_title, given, policy, level) => {
    expect(found(given, create(REFERRING), policy)).toEqual([`${level} spec.authzConfigRef: ${MISSING}`]);
  });

  it('that cannot be looked up is not judged', () => {
    expect(found({ config: UNKNOWN }, create(REFERRING), 'Deny')).toEqual([
      'unknown spec.authzConfigRef: MCPAuthzConfig "a" could not be looked up: the API server did not answer.',
    ]);
  });

  it('to a config that is being deleted is a conflict', () => {
    expect(found({ config: present(resolved({}, { deletionTimestamp: '2026-11-24T00:00:00Z' })) })).toEqual([
      'deny Conflict spec.authzConfigRef: MCPAuthzConfig "a" is being deleted, and a new reference would keep it from ' +
        'going away. Refer to another config, or apply this again once it is gone and was created anew.',
    ]);
  });

  it('to a config that is not valid is refused with its first problem', () => {
    const problem = { path: 'spec.config.policies[0]', reason: 'PolicySyntax', message: 'A policy ends with ";".' };
    expect(found({ config: present(resolved({ problems: [problem] })) })).toEqual([
      'deny spec.authzConfigRef: MCPAuthzConfig "a" is not valid, and its proxy would not start: ' +
        'spec.config.policies[0]: A policy ends with ";". Correct the config first.',
    ]);
    expect(found({ config: present(resolved({ problems: [problem, problem, problem] })) })[0]).toContain(
      '";". (and 2 more) Correct',
    );
  });

  it('of a VirtualMCPServer takes cedarv1 only, in the words of ToolHive', () => {
    const input = create(virtualServer({ authzConfigRef: { name: 'a' } }));
    expect(found({ config: present(resolved({ type: 'httpv1' })) }, input)).toEqual([
      'deny spec.incomingAuth.authzConfigRef: MCPAuthzConfig type "httpv1" is not yet supported for VirtualMCPServer; only cedarv1 is supported',
    ]);
    expect(found({ config: present(resolved({ type: 'httpv1' })) })).toEqual([]);
  });

  it('that was there before is not refused when something else changes', () => {
    const input = update(REFERRING, server({ authzConfigRef: { name: 'a' }, replicas: 2 }));
    expect(found({ config: present(resolved({}, { deletionTimestamp: 'x' })) }, input)).toEqual([
      expect.stringMatching(
        /^warn Conflict spec\.authzConfigRef: .* This was so before the update, which is let through\.$/,
      ),
    ]);
  });

  it('that was there before is looked up as the watch cache has it, and a new one live', () => {
    const rule = createReferenceRule({ missingReference: 'Warn' });
    const to = (name: string, image: string): ReturnType<typeof server> => server({ authzConfigRef: { name }, image });
    const config = { ask: 'authzConfig', namespace: 'ns', name: 'a' };
    expect(rule.queries(update(to('a', '1'), to('a', '2')))).toEqual([{ ...config, asWatched: true }]);
    const live = [config, { ask: 'namespace', name: 'ns' }];
    expect(rule.queries(update(to('b', '1'), to('a', '1')))).toEqual(live);
    expect(rule.queries(update(server(), to('a', '1')))).toEqual(live);
    expect(rule.queries(create(to('a', '1')))).toEqual(live);
  });

  it.each([
    ['Warn', `warn spec.authzConfigRef: ${MISSING}`],
    ['Deny', `warn spec.authzConfigRef: ${MISSING} This was so before the update, which is let through.`],
  ] as const)('that was missing before is warned about where the server says %s', (policy, expected) => {
    const input = update(REFERRING, server({ authzConfigRef: { name: 'a' }, replicas: 2 }));
    expect(found({ config: ABSENT }, input, policy)).toEqual([expected]);
  });

  it('that is new is refused although another one was wrong before', () => {
    const input = update(server({ authzConfigRef: { name: 'b' } }), REFERRING);
    expect(found({ config: present(resolved({}, { deletionTimestamp: 'x' })) }, input)).toEqual([
      expect.stringMatching(/^deny Conflict /),
    ]);
  });
});
