/**
 * What has to be done next about the self-managed certificates: a pure function of what the Secret holds, what the
 * webhook configurations publish, and the time. Steps are small, and each leaves a state that is safe to stop in: whoever
 * does one, reads anew and asks again.
 */

/** Milliseconds since 1970 throughout. */
export interface Authority {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** What the Secret holds. */
export interface Rotation {
  /** Signs; trusted by every API server since before it signed first. */
  readonly current?: Authority & {
    /** When the last leaf that it ever signed expires. */
    readonly leavesUntil: number;
  };
  /** Waits until every API server trusts it. */
  readonly next?: Authority & {
    /** When it was seen in every webhook configuration. */
    readonly publishedAt?: number;
  };
  /** Sign no more, but their leaves may still be served by a replica that lags. */
  readonly previous: readonly Trusted[];
  readonly leaf?: Leaf;
}

export interface Trusted {
  readonly cert: string;
  readonly until: number;
}

export interface Leaf {
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly dnsNames: readonly string[];
  readonly signedByCurrent: boolean;
}

/** One webhook of one configuration, with the certificates of its caBundle. */
export interface PublishedBundle {
  readonly webhook: string;
  readonly certs: readonly string[];
}

export interface CertificatePolicy {
  readonly dnsNames: readonly string[];
  readonly caLifetimeMs: number;
  readonly leafLifetimeMs: number;
  /** From when a CA is published to when every API server is taken to have noticed. */
  readonly settleMs: number;
}

export interface PlanInput {
  /** Undefined where there is no Secret yet, or none that can be read as one of ours. */
  readonly rotation: Rotation | undefined;
  readonly published: readonly PublishedBundle[];
  readonly now: number;
  readonly policy: CertificatePolicy;
}

export type Step =
  | { readonly kind: 'issue-ca'; readonly why: string; readonly keep: readonly Trusted[] }
  | { readonly kind: 'publish'; readonly certs: readonly string[] }
  | { readonly kind: 'note-published' }
  | { readonly kind: 'issue-leaf'; readonly by: 'current' | 'next'; readonly why: string }
  | { readonly kind: 'wait'; readonly untilMs: number };

/** How far two machines' clocks may be apart: what another one signed is trusted for that much longer. */
export const CLOCK_SKEW_MS = 60_000;

export function planCertificates(input: PlanInput): Step {
  const { rotation, published, now, policy } = input;
  if (rotation === undefined) {
    return { kind: 'issue-ca', why: 'there is none', keep: adopted(published, now, policy) };
  }
  const certs = trusted(rotation, now);
  if (published.some((bundle) => !sameSet(bundle.certs, certs))) {
    return { kind: 'publish', certs };
  }
  return authorityStep(rotation, now) ?? leafStep(rotation, now, policy) ?? { kind: 'wait', untilMs: Infinity };
}

/** What every caBundle must hold now: nothing that anybody may be served with is missing. */
export function trusted({ current, next, previous }: Rotation, now: number): readonly string[] {
  const old = previous.filter(({ until }) => now < until + CLOCK_SKEW_MS).map(({ cert }) => cert);
  const certs = [current?.cert, next?.cert, ...old].filter((cert) => cert !== undefined);
  return [...new Set(certs)];
}

/** Two thirds of a life are over: there is a third left to notice that renewing does not work. */
export function renewAt({ issuedAt, expiresAt }: { readonly issuedAt: number; readonly expiresAt: number }): number {
  return issuedAt + (2 * (expiresAt - issuedAt)) / 3;
}

/**
 * Issued by a clock that was ahead, ours or another replica's, so that the API server refuses it until then. It is
 * replaced without haste, as in any rotation: perhaps it is our own clock that is behind, and it serves.
 */
function isEarly({ issuedAt }: { readonly issuedAt: number }, now: number): boolean {
  return issuedAt > now + CLOCK_SKEW_MS;
}

const EARLY = 'it is not valid yet: the clock that issued it was ahead';

function authorityStep({ current, next, previous }: Rotation, now: number): Step | undefined {
  const keep = previous.filter(({ until }) => now < until + CLOCK_SKEW_MS);
  const why =
    next === undefined
      ? current === undefined
        ? 'there is none'
        : worn(current, now, 'two thirds of its life are over')
      : worn(next, now, 'the next one was never used');
  return why === undefined ? undefined : { kind: 'issue-ca', why, keep };
}

function worn(authority: Authority, now: number, old: string): string | undefined {
  return isEarly(authority, now) ? EARLY : now >= renewAt(authority) ? old : undefined;
}

function leafStep({ current, next, leaf }: Rotation, now: number, policy: CertificatePolicy): Step | undefined {
  const usable = leaf !== undefined && now < leaf.expiresAt;
  const signer = current !== undefined && now < current.expiresAt && !isEarly(current, now) ? current : undefined;
  if (!usable) {
    // Nobody is served anyway, so that there is nothing to wait for.
    const by = signer === undefined ? ('next' as const) : ('current' as const);
    return { kind: 'issue-leaf', by, why: leaf === undefined ? 'there is none' : 'it expired' };
  }
  if (next !== undefined && (next.publishedAt === undefined || next.publishedAt > now + CLOCK_SKEW_MS)) {
    return { kind: 'note-published' };
  }
  const settledAt = next?.publishedAt === undefined ? Infinity : next.publishedAt + policy.settleMs;
  if (now >= settledAt) {
    return { kind: 'issue-leaf', by: 'next', why: 'the next CA is trusted everywhere' };
  }
  const why = reissue(leaf, now, policy);
  if (why !== undefined && signer !== undefined) {
    return { kind: 'issue-leaf', by: 'current', why };
  }
  const renewals = [
    renewAt(leaf),
    settledAt,
    next === undefined && current !== undefined ? renewAt(current) : Infinity,
  ];
  return { kind: 'wait', untilMs: Math.min(...renewals) };
}

function reissue(leaf: Leaf, now: number, { dnsNames }: CertificatePolicy): string | undefined {
  if (!leaf.signedByCurrent) {
    return 'another CA signed it';
  }
  if (!sameSet(leaf.dnsNames, dnsNames)) {
    return `it is for ${leaf.dnsNames.join(', ')}`;
  }
  if (isEarly(leaf, now)) {
    return EARLY;
  }
  return now >= renewAt(leaf) ? 'two thirds of its life are over' : undefined;
}

/**
 * The Secret is gone but its CAs are published: replicas go on serving what those signed until they see the new one.
 * So it is too where somebody else published before us.
 */
function adopted(published: readonly PublishedBundle[], now: number, policy: CertificatePolicy): readonly Trusted[] {
  const certs = new Set(published.flatMap((bundle) => bundle.certs));
  return [...certs].map((cert) => ({ cert, until: now + policy.leafLifetimeMs }));
}

function sameSet(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((entry) => right.includes(entry));
}

/** The Secret after a new CA was issued. */
export function withNext(
  rotation: Rotation | undefined,
  next: Authority,
  keep: readonly Trusted[],
): Omit<Rotation, 'leaf'> {
  return { ...(rotation?.current === undefined ? {} : { current: rotation.current }), next, previous: keep };
}

/** The Secret after a leaf was signed until `leafUntil`; signing with the next CA makes it the current one. */
export function withLeaf(rotation: Rotation, by: 'current' | 'next', leafUntil: number): Omit<Rotation, 'leaf'> {
  const { current, next, previous } = rotation;
  if (by === 'current' || next === undefined) {
    const signer = current === undefined ? {} : { current: { ...current, leavesUntil: latest(current, leafUntil) } };
    return { ...signer, ...(next === undefined ? {} : { next }), previous };
  }
  const { cert, key, issuedAt, expiresAt } = next;
  const retired = current === undefined ? [] : [{ cert: current.cert, until: current.leavesUntil }];
  return { current: { cert, key, issuedAt, expiresAt, leavesUntil: leafUntil }, previous: [...retired, ...previous] };
}

function latest({ leavesUntil }: { readonly leavesUntil: number }, until: number): number {
  return Math.max(leavesUntil, until);
}
