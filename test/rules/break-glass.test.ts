import { BREAK_GLASS_ANNOTATION } from '../../src/api/names.ts';
import type { KubernetesObject } from '../../src/api/objects.ts';
import { decideConfig } from '../../src/reconcile/config-status.ts';
import { breakGlass } from '../../src/rules/break-glass.ts';
import { deletionProtection } from '../../src/rules/deletion-protection.ts';
import { FINALIZER } from '../../src/api/names.ts';
import { ABSENT, answers, NAMESPACE, present, UNKNOWN, type Given } from '../support/answers.ts';
import { evaluate } from '../support/evaluation.ts';
import { config, NOW, remove, VALID } from '../support/objects.ts';

const USERS = [{ kind: 'MCPServer', name: 'one' }];
const OPEN = '2026-11-24T01:00:00Z INC-1: the operator is stuck';
const EXPIRED = '2026-11-23T23:59:59Z INC-1';

function annotated(text: string, metadata: Record<string, unknown> = {}): KubernetesObject {
  return config({}, { annotations: { [BREAK_GLASS_ANNOTATION]: text }, ...metadata });
}

describe('the annotation', () => {
  it.each([
    [OPEN, { state: 'open', until: new Date('2026-11-24T01:00:00Z'), reason: 'INC-1: the operator is stuck' }],
    [
      '2026-11-24T02:30:00.5+02:00  a\n b ',
      { state: 'open', until: new Date('2026-11-24T00:30:00.5Z'), reason: 'a b' },
    ],
    [EXPIRED, { state: 'unusable', why: 'it expired at 2026-11-23T23:59:59Z' }],
    [
      `2026-11-24T01:00:00Z ${'x'.repeat(300)}`,
      { state: 'open', until: new Date('2026-11-24T01:00:00Z'), reason: 'x'.repeat(200) },
    ],
    ['2026-11-24T00:00:00Z the very moment', { state: 'unusable', why: 'it expired at 2026-11-24T00:00:00Z' }],
  ])('%j', (text, expected) => {
    expect(breakGlass(annotated(text), NOW)).toEqual(expected);
  });

  it.each([
    '',
    'please',
    '2026-11-24T01:00:00Z',
    '2026-11-24T01:00:00Z  ',
    '2026-11-24 why',
    '2026-99-24T01:00:00Z why',
    '2027 why',
  ])('%j is not usable, and says how it should be', (text) => {
    expect(breakGlass(annotated(text), NOW)).toEqual({
      state: 'unusable',
      why: 'it must be an RFC 3339 time and a reason, as in "2026-11-24T18:00:00Z INC-1234"',
    });
  });
});

describe('deleting a config in use', () => {
  const found = (text: string, given: Given): readonly string[] => {
    const { findings, failures } = evaluate(
      [deletionProtection],
      remove(annotated(text)),
      answers({ namespace: NAMESPACE, referrers: present(USERS), ...given }),
    );
    expect(failures).toEqual([]);
    return findings.map(({ level, reason, message }) => `${level} ${reason}: ${message}`);
  };
  const inUse = expect.stringMatching(/^deny ReferencedByWorkloads: /) as string;

  it('passes who may, and is told to the audit log with the reason', () => {
    expect(found(OPEN, { mayBypass: present(true) })).toEqual([
      'audit BreakGlass: User "alice" broke the glass until 2026-11-24T01:00:00.000Z: INC-1: the operator is stuck',
    ]);
  });

  it('passes who may also where the workloads cannot be listed', () => {
    expect(found(OPEN, { mayBypass: present(true), referrers: UNKNOWN })).toHaveLength(1);
  });

  it.each([
    [
      'who may not',
      OPEN,
      { mayBypass: present(false) },
      /^deny BreakGlassForbidden: .*user "alice" is not granted the verb "bypass"/,
    ],
    ['where it has expired', EXPIRED, {}, /^deny BreakGlassUnusable: .*not honoured: it expired at/],
    [
      'where it says no reason',
      '2026-11-24T01:00:00Z',
      {},
      /^deny BreakGlassUnusable: .*must be an RFC 3339 time and a reason/,
    ],
    ['where nobody can say who may', OPEN, { mayBypass: UNKNOWN }, /^unknown BreakGlassUnknown: /],
  ])('is refused %s, and says so', (_title, text, given, message) => {
    expect(found(text, given)).toEqual([inUse, expect.stringMatching(message)]);
  });

  it.each([present(false), ABSENT, UNKNOWN])(
    'the annotation plays no part where the config is not in use: %j',
    (mayBypass) => {
      expect(found(EXPIRED, { referrers: present([]), mayBypass })).toEqual([]);
    },
  );
});

describe('the loop', () => {
  const decide = (text: string, metadata: Record<string, unknown> = {}): ReturnType<typeof decideConfig> =>
    decideConfig({
      config: annotated(text, { finalizers: [FINALIZER], deletionTimestamp: '2026-11-24T00:00:00Z', ...metadata }),
      analysis: VALID,
      referrers: USERS,
      releasable: false,
      namespaceTerminating: false,
      undeclared: new Set(),
      now: NOW,
    });

  it('releases what was deleted while the glass was broken, and tells so', () => {
    expect(decide(OPEN)).toMatchObject({
      finalizer: 'remove',
      notes: [
        {
          type: 'Warning',
          reason: 'BreakGlass',
          action: 'Delete',
          note: 'deleted by break-glass (INC-1: the operator is stuck) while still referenced by workloads: [{MCPServer one}]',
        },
      ],
    });
  });

  it('holds what was deleted after it had expired, and what is not deleted', () => {
    expect(decide(EXPIRED)).toMatchObject({ finalizer: 'keep', notes: [{ reason: 'DeletionBlocked' }] });
    expect(decide(OPEN, { deletionTimestamp: undefined })).toMatchObject({ finalizer: 'keep', notes: [] });
  });
});
