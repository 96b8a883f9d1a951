import { CLOCK_SKEW_MS, planCertificates, withLeaf, type PlanInput, type Rotation } from '../../src/certs/plan.ts';

const POLICY = { dnsNames: ['a.b.svc'], caLifetimeMs: 9000, leafLifetimeMs: 3000, settleMs: 100 };
const CA = { cert: 'one', key: 'k', issuedAt: 0, expiresAt: 9000 };
const CURRENT = { ...CA, leavesUntil: 3000 };
const NEXT = { cert: 'two', key: 'k', issuedAt: 6000, expiresAt: 15_000 };
const LEAF = { issuedAt: 0, expiresAt: 3000, dnsNames: ['a.b.svc'], signedByCurrent: true };
const FRESH = { ...LEAF, issuedAt: 5500, expiresAt: 8500 };
const OLD = { cert: 'zero', until: 1000 };
const FULL: Rotation = { current: CURRENT, previous: [], leaf: LEAF };
const AHEAD = 100_000;
const EARLY = 'it is not valid yet: the clock that issued it was ahead';
const FUTURE: Rotation = {
  current: { cert: 'early', key: 'k', issuedAt: AHEAD, expiresAt: AHEAD + 9000, leavesUntil: AHEAD + 3000 },
  previous: [],
  leaf: { ...LEAF, issuedAt: AHEAD, expiresAt: AHEAD + 3000 },
};

const bundle = (...certs: string[]): PlanInput['published'] => [{ webhook: 'w', certs }];
const issueCa = (why: string, keep: readonly object[] = []): object => ({ kind: 'issue-ca', why, keep });
const issueLeaf = (by: string, why: string): object => ({ kind: 'issue-leaf', by, why });
const wait = (untilMs: number): object => ({ kind: 'wait', untilMs });

it.each<[string, Rotation | undefined, PlanInput['published'], number, object]>([
  ['nothing is there', undefined, bundle(), 0, issueCa('there is none')],
  [
    'the Secret was lost: what is published is kept for as long as a replica may serve it',
    undefined,
    bundle('lost'),
    10,
    issueCa('there is none', [{ cert: 'lost', until: 3010 }]),
  ],
  ['the first CA is not published', { next: NEXT, previous: [] }, bundle(), 6000, { kind: 'publish', certs: ['two'] }],
  [
    'the first CA is published: nobody is served yet, so nothing is waited for',
    { next: NEXT, previous: [] },
    bundle('two'),
    6000,
    issueLeaf('next', 'there is none'),
  ],
  ['no configuration is registered yet', { next: NEXT, previous: [] }, [], 6000, issueLeaf('next', 'there is none')],
  ['all is well', FULL, bundle('one'), 1000, wait(2000)],
  [
    'one webhook of several does not hold the CA',
    FULL,
    [...bundle('one'), ...bundle()],
    1000,
    { kind: 'publish', certs: ['one'] },
  ],
  ['a stranger is in the bundle', FULL, bundle('one', 'x'), 1000, { kind: 'publish', certs: ['one'] }],
  [
    'two thirds of the life of the leaf are over',
    FULL,
    bundle('one'),
    2000,
    issueLeaf('current', 'two thirds of its life are over'),
  ],
  ['the leaf expired', FULL, bundle('one'), 3000, issueLeaf('current', 'it expired')],
  [
    'the Service has another name',
    { ...FULL, leaf: { ...LEAF, dnsNames: ['old.svc'] } },
    bundle('one'),
    10,
    issueLeaf('current', 'it is for old.svc'),
  ],
  [
    'somebody put another certificate into the Secret',
    { ...FULL, leaf: { ...LEAF, signedByCurrent: false } },
    bundle('one'),
    10,
    issueLeaf('current', 'another CA signed it'),
  ],
  [
    'two thirds of the life of the CA are over',
    { ...FULL, leaf: FRESH },
    bundle('one'),
    6000,
    issueCa('two thirds of its life are over'),
  ],
  [
    'the next CA is issued and must be published beside the current one',
    { ...FULL, next: NEXT, leaf: FRESH },
    bundle('one'),
    6001,
    { kind: 'publish', certs: ['one', 'two'] },
  ],
  [
    'the next CA is published, which is noted',
    { ...FULL, next: NEXT, leaf: FRESH },
    bundle('one', 'two'),
    6001,
    { kind: 'note-published' },
  ],
  [
    'the next CA is published but not every API server may have noticed',
    { ...FULL, next: { ...NEXT, publishedAt: 6001 }, leaf: FRESH },
    bundle('one', 'two'),
    6050,
    wait(6101),
  ],
  [
    'the next CA is published long enough',
    { ...FULL, next: { ...NEXT, publishedAt: 6001 }, leaf: FRESH },
    bundle('one', 'two'),
    6101,
    issueLeaf('next', 'the next CA is trusted everywhere'),
  ],
  [
    'the leaf is due while the next CA settles: the current one signs',
    { ...FULL, next: { ...NEXT, publishedAt: 7460 }, leaf: FRESH },
    bundle('one', 'two'),
    7500,
    issueLeaf('current', 'two thirds of its life are over'),
  ],
  [
    'the next CA was published and then forgotten',
    { ...FULL, next: NEXT, leaf: FRESH },
    bundle('one', 'two'),
    12_000,
    issueCa('the next one was never used'),
  ],
  [
    'the CA before is kept until its last leaf expired',
    { ...FULL, previous: [OLD] },
    bundle('one'),
    900,
    { kind: 'publish', certs: ['one', 'zero'] },
  ],
  [
    'the CA before is kept a little longer, as clocks differ',
    { ...FULL, previous: [{ ...OLD, until: 1001 - CLOCK_SKEW_MS }] },
    bundle('one', 'zero'),
    1000,
    wait(2000),
  ],
  [
    'the CA before is dropped after that',
    { ...FULL, previous: [{ ...OLD, until: 1000 - CLOCK_SKEW_MS }] },
    bundle('one', 'zero'),
    1000,
    { kind: 'publish', certs: ['one'] },
  ],
  [
    'a clock that was ahead issued the leaf: the current CA signs another one',
    { ...FULL, leaf: { ...LEAF, issuedAt: AHEAD, expiresAt: AHEAD + 3000 } },
    bundle('one'),
    1000,
    issueLeaf('current', EARLY),
  ],
  [
    'a little ahead is no reason',
    { ...FULL, leaf: { ...LEAF, issuedAt: 1000 + CLOCK_SKEW_MS, expiresAt: 4000 + CLOCK_SKEW_MS } },
    bundle('one'),
    1000,
    wait(6000),
  ],
  ['a clock that was ahead issued the CA: another one is issued', FUTURE, bundle('early'), 1000, issueCa(EARLY)],
  [
    'the one that replaces it settles as any other',
    { ...FUTURE, next: { ...NEXT, issuedAt: 1000, publishedAt: 1010 } },
    bundle('early', 'two'),
    1050,
    wait(1110),
  ],
  [
    'and then signs',
    { ...FUTURE, next: { ...NEXT, issuedAt: 1000, publishedAt: 1010 } },
    bundle('early', 'two'),
    1110,
    issueLeaf('next', 'the next CA is trusted everywhere'),
  ],
  [
    'the next one is of a clock that was ahead',
    { ...FULL, next: { ...NEXT, issuedAt: AHEAD, expiresAt: AHEAD + 9000 } },
    bundle('one', 'two'),
    1000,
    issueCa(EARLY),
  ],
  [
    'a clock that was ahead noted when it was published',
    { ...FULL, next: { ...NEXT, issuedAt: 1000, publishedAt: AHEAD }, leaf: FRESH },
    bundle('one', 'two'),
    1000,
    { kind: 'note-published' },
  ],
])('%s', (_title, rotation, published, now, expected) => {
  expect(planCertificates({ rotation, published, now, policy: POLICY })).toEqual(expected);
});

it('remembers the longest life among the leaves of a CA, and keeps it for that long when it retires', () => {
  const signed = withLeaf({ ...FULL, next: NEXT }, 'current', 2500);
  expect(signed.current?.leavesUntil).toBe(3000);
  expect(withLeaf(signed, 'next', 9000)).toEqual({
    current: { ...NEXT, leavesUntil: 9000 },
    previous: [{ cert: 'one', until: 3000 }],
  });
});
