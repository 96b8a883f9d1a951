import { worldViewOf } from '../../src/engine/world-view.ts';
import type { Analysis } from '../../src/authorizers/analysis.ts';
import type { Referrer } from '../../src/rules/contract.ts';
import { usedBy } from '../../src/rules/used-by.ts';
import { answers, present, UNKNOWN, type Given } from '../support/answers.ts';
import { evaluate } from '../support/evaluation.ts';
import { config, create, update, VALID } from '../support/objects.ts';

const BEFORE = config();
const EDITED = config({ config: { policies: ['forbid(principal, action, resource);'] } });
const HTTP = config({ type: 'httpv1', config: {} });
const SERVER: Referrer = { kind: 'MCPServer', name: 'one' };
const VIRTUAL: Referrer = { kind: 'VirtualMCPServer', name: 'two' };
const OTHER_HASH: Analysis = { ...VALID, rendering: { toolhiveHash: 'x', runtimeJson: 'x', hash: 'beef' } };

function found(after: typeof BEFORE, referrers: Given['referrers'], hashOfAfter = OTHER_HASH): readonly string[] {
  const given = answers({
    ...(referrers === undefined ? {} : { referrers }),
    analyses: [
      [BEFORE, present(VALID)],
      [after, present(hashOfAfter)],
    ],
  });
  const { findings, failures } = evaluate([usedBy], update(BEFORE, after), given);
  expect(failures).toEqual([]);
  return findings.map(({ level, refusal, path, message }) => `${level} ${refusal ?? '-'} ${path}: ${message}`);
}

describe('changing a config', () => {
  it('that nobody refers to says nothing', () => {
    expect(found(EDITED, present([]))).toEqual([]);
    expect(found(EDITED, { state: 'absent' })).toEqual([]);
  });

  it('names the workloads that it reaches', () => {
    expect(found(EDITED, present([SERVER]))).toEqual(['warn - spec: This change reaches 1 workload: MCPServer "one".']);
    expect(found(EDITED, present([SERVER, VIRTUAL]))).toEqual([
      'warn - spec: This change reaches 2 workloads: MCPServer "one", VirtualMCPServer "two".',
    ]);
  });

  it('lists twenty of them and counts the rest', () => {
    const many = Array.from({ length: 22 }, (_, i) => ({ kind: 'MCPServer', name: `s${String(i)}` }));
    expect(found(EDITED, present(many))[0]).toMatch(/reaches 22 workloads: .*"s19" and 2 more\.$/);
  });

  it('says nothing where the proxies read the same as before', () => {
    expect(
      found(config({ config: { policies: ['permit(principal, action, resource);'], x: 1 } }), present([SERVER]), VALID),
    ).toEqual([]);
  });

  it('to a type that a VirtualMCPServer cannot carry is a conflict', () => {
    expect(found(HTTP, present([SERVER, VIRTUAL]))).toEqual([
      'deny Conflict spec.type: The type of MCPAuthzConfig "a" cannot become "httpv1" while VirtualMCPServer "two" refers ' +
        'to it: only cedarv1 is supported there. Create a new config instead.',
    ]);
  });

  it('to another type that everybody can carry is a warning', () => {
    expect(found(HTTP, present([SERVER]))).toEqual(['warn - spec: This change reaches 1 workload: MCPServer "one".']);
  });

  it('away from a type that was wrong already is not refused', () => {
    const wrong = config({ type: 'opav1' });
    const { findings } = evaluate([usedBy], update(wrong, HTTP), answers({ referrers: present([VIRTUAL]) }));
    expect(findings.map(({ level }) => level)).toEqual(['warn']);
  });

  it('is not judged blindly: an unknown list warns, and stops a change of type', () => {
    const why = 'Which workloads this change reaches could not be found out: the API server did not answer.';
    expect(found(EDITED, UNKNOWN)).toEqual([`warn - spec: ${why}`]);
    expect(found(HTTP, UNKNOWN)).toEqual([`unknown - spec.type: ${why}`]);
  });

  it('is not about creating', () => {
    expect(usedBy.queries(create(BEFORE))).toEqual([]);
    expect(usedBy.check(create(BEFORE), worldViewOf([], answers({})))).toEqual([]);
  });
});
