/**
 * Many rotations by two issuers at once, step by step, in every order that chance finds: each may stop between what it
 * read and what it writes, for as long as it likes. Writes have what was read as their precondition, as on the API server.
 */
import fc from 'fast-check';
import {
  planCertificates,
  withLeaf,
  withNext,
  type CertificatePolicy,
  type Rotation,
  type Step,
} from '../../src/certs/plan.ts';

const POLICY: CertificatePolicy = {
  dnsNames: ['a.b.svc'],
  caLifetimeMs: 900_000,
  leafLifetimeMs: 300_000,
  settleMs: 5000,
};

interface Signed {
  readonly ca: string;
  readonly expiresAt: number;
}

interface World {
  now: number;
  secret: { version: number; rotation: Rotation; leaf?: Signed } | undefined;
  readonly bundles: { version: number; certs: readonly string[] }[];
  /** What the API servers may still act on: bundles that were replaced, and when. */
  readonly stale: { readonly certs: readonly string[]; readonly replacedAt: number }[];
  /** Every leaf that any replica may have taken up, and whether anybody was served before it. */
  readonly leaves: (Signed & { readonly first: boolean })[];
  issued: number;
}

interface Seen {
  readonly secret: World['secret'];
  readonly versions: readonly number[];
  readonly step: Step;
}

function look(world: World): Seen {
  const versions = world.bundles.map(({ version }) => version);
  const published = world.bundles.map(({ certs }, index) => ({ webhook: String(index), certs }));
  const rotation = world.secret?.rotation;
  return {
    secret: world.secret,
    versions,
    step: planCertificates({ rotation, published, now: world.now, policy: POLICY }),
  };
}

/** False where the write was refused or there was nothing to write. */
function act(world: World, { secret, versions, step }: Seen, bundle: number): boolean {
  if (step.kind === 'publish') {
    const target = world.bundles[bundle];
    if (target === undefined || target.version !== versions[bundle]) {
      return false;
    }
    world.stale.push({ certs: target.certs, replacedAt: world.now });
    world.bundles[bundle] = { version: target.version + 1, certs: step.certs };
    return true;
  }
  if (step.kind === 'wait' || world.secret?.version !== secret?.version) {
    return false;
  }
  const next = written(world, secret?.rotation, step);
  if (next === undefined) {
    return false;
  }
  world.secret = { version: (world.secret?.version ?? 0) + 1, ...next };
  return true;
}

function written(
  world: World,
  rotation: Rotation | undefined,
  step: Exclude<Step, { kind: 'wait' | 'publish' }>,
): Omit<NonNullable<World['secret']>, 'version'> | undefined {
  const kept = world.secret?.leaf === undefined ? {} : { leaf: world.secret.leaf };
  const leafFacts = rotation?.leaf === undefined ? {} : { leaf: rotation.leaf };
  if (step.kind === 'issue-ca') {
    world.issued += 1;
    const ca = {
      cert: `ca-${String(world.issued)}`,
      key: '',
      issuedAt: world.now,
      expiresAt: world.now + POLICY.caLifetimeMs,
    };
    return { rotation: { ...withNext(rotation, ca, step.keep), ...leafFacts }, ...kept };
  }
  if (step.kind === 'note-published') {
    return rotation?.next === undefined
      ? undefined
      : { rotation: { ...rotation, next: { ...rotation.next, publishedAt: world.now } }, ...kept };
  }
  const signer = rotation?.[step.by];
  if (rotation === undefined || signer === undefined) {
    return undefined;
  }
  const expiresAt = world.now + Math.min(POLICY.leafLifetimeMs, signer.expiresAt - world.now);
  const leaf = { ca: signer.cert, expiresAt };
  const first = !world.leaves.some((each) => each.expiresAt > world.now);
  world.leaves.push({ ...leaf, first });
  const facts = { issuedAt: world.now, expiresAt, dnsNames: POLICY.dnsNames, signedByCurrent: true };
  return { rotation: { ...withLeaf(rotation, step.by, expiresAt), leaf: facts }, leaf };
}

/** Whatever any replica may serve is trusted by whatever any API server may act on. */
function untrusted(world: World): string | undefined {
  const recent = world.stale.filter(({ replacedAt }) => world.now - replacedAt < POLICY.settleMs);
  for (const leaf of world.leaves.filter(({ expiresAt }) => expiresAt > world.now)) {
    // The first one of all waits for nobody: there is nothing that could fail.
    const views = [...world.bundles, ...(leaf.first ? [] : recent)];
    if (views.some(({ certs }) => !certs.includes(leaf.ca))) {
      return `a leaf of ${leaf.ca} at ${String(world.now)}: ${JSON.stringify(views)}`;
    }
  }
  return undefined;
}

const command = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('read' as const), issuer: fc.nat(1) }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('write' as const), issuer: fc.nat(1), bundle: fc.nat(1) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.integer({ min: 1, max: 40_000 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.integer({ min: 1, max: 250_000 }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('settle' as const) }) },
);

function emptyWorld(): World {
  const bundles = [0, 1].map(() => ({ version: 1, certs: [] }));
  return { now: 0, secret: undefined, bundles, stale: [], leaves: [], issued: 0 };
}

/** One issuer alone, undisturbed, until it has nothing more to do. */
function settle(world: World): void {
  for (let steps = 0; steps < 20; steps += 1) {
    const seen = look(world);
    if (seen.step.kind === 'wait') {
      return;
    }
    act(world, seen, 0);
    if (seen.step.kind === 'publish') {
      act(world, seen, 1);
    }
  }
  throw new Error('there is no end to it');
}

it('never serves what is not trusted, and never stops trusting what is served', () => {
  let rotations = 0;
  fc.assert(
    fc.property(fc.array(command, { minLength: 100, maxLength: 400 }), (commands) => {
      const world = emptyWorld();
      const issuers: (Seen | undefined)[] = [undefined, undefined];
      for (const each of commands) {
        if (each.kind === 'time') {
          world.now += each.ms;
        } else if (each.kind === 'settle') {
          settle(world);
        } else if (each.kind === 'read') {
          issuers[each.issuer] = look(world);
        } else {
          const seen = issuers[each.issuer];
          if (seen !== undefined) {
            act(world, seen, each.bundle);
          }
        }
        expect(untrusted(world)).toBeUndefined();
      }
      rotations += world.issued;
    }),
    { numRuns: 300 },
  );
  expect(rotations).toBeGreaterThan(450); // or the commands do not reach what they are for
});

it('renews for ever, without a moment in which nobody has a valid certificate', () => {
  const world = emptyWorld();
  settle(world);
  for (let polls = 0; polls < 5000; polls += 1) {
    world.now += 2000;
    settle(world);
    expect(untrusted(world)).toBeUndefined();
    expect(world.secret?.leaf?.expiresAt).toBeGreaterThan(world.now + POLICY.leafLifetimeMs / 4);
    expect(world.bundles[0]?.certs.length).toBeLessThanOrEqual(3);
  }
  expect(world.issued).toBeGreaterThanOrEqual(15);
});
