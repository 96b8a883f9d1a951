import { createWorldAnswers } from '../../src/engine/world-view.ts';
import { MESSAGE, mutualExclusion } from '../../src/rules/mutual-exclusion.ts';
import { evaluate } from '../support/evaluation.ts';
import { create, server, virtualServer, workload } from '../support/objects.ts';

const BOTH = { authzConfig: { type: 'inline' }, authzConfigRef: { name: 'a' } };

describe('authzConfig and authzConfigRef', () => {
  it.each([
    ['both on an MCPServer', server(BOTH), ['spec']],
    ['both on an MCPRemoteProxy', workload('MCPRemoteProxy', BOTH), ['spec']],
    ['both on a VirtualMCPServer', virtualServer(BOTH), ['spec.incomingAuth']],
    ['both empty, which counts as set, as in the CRD', server({ authzConfig: {}, authzConfigRef: {} }), ['spec']],
    ['one of them null, which is not set', server({ ...BOTH, authzConfig: null }), []],
    ['only the inline form', server({ authzConfig: { type: 'inline' } }), []],
    ['only the reference', server({ authzConfigRef: { name: 'a' } }), []],
    ['neither', server(), []],
    ['on a VirtualMCPServer at the wrong place, which is not read', workload('VirtualMCPServer', BOTH), []],
    ['no spec at all', { ...server(), spec: undefined }, []],
  ])('%s', (_title, object, paths) => {
    const { findings, failures } = evaluate([mutualExclusion], create(object), createWorldAnswers());
    expect(failures).toEqual([]);
    expect(findings).toEqual(
      paths.map((path) => ({
        ruleId: 'mutual-exclusion',
        level: 'deny',
        path,
        reason: 'MutuallyExclusive',
        message: MESSAGE,
      })),
    );
  });
});
