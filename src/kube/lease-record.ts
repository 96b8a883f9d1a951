/**
 * What a Lease (coordination.k8s.io/v1) says and what we write into it; as client-go's leaderelection does, so that
 * `kubectl get lease` reads the same. Pure.
 */
import { at, isJsonObject, stringAt, type JsonObject } from '../api/json.ts';
import type { KubernetesObject } from '../api/objects.ts';

export interface LeaseRecord {
  /** Empty where nobody holds it. */
  readonly holder: string;
  /** The holder's promise: how long after a renewal others leave it alone. Undefined where it says nothing. */
  readonly durationMs: number | undefined;
  readonly transitions: number;
  /** Changes with every renewal; compared only with itself, never with our own time. */
  readonly fingerprint: string;
  readonly lease: KubernetesObject;
}

export function leaseRecord(lease: KubernetesObject): LeaseRecord {
  const spec = at(lease, 'spec');
  const seconds = at(spec, 'leaseDurationSeconds');
  const transitions = at(spec, 'leaseTransitions');
  return {
    holder: stringAt(spec, 'holderIdentity') ?? '',
    durationMs: typeof seconds === 'number' ? seconds * 1000 : undefined,
    transitions: typeof transitions === 'number' ? transitions : 0,
    fingerprint: JSON.stringify(spec ?? {}),
    lease,
  };
}

export interface Claim {
  readonly identity: string;
  readonly durationMs: number;
  readonly now: Date;
}

export function newLease(namespace: string, name: string, claim: Claim): JsonObject {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { namespace, name },
    spec: { ...held(claim), acquireTime: microTime(claim.now), leaseTransitions: 0 },
  };
}

/** Ours, from now on or still. */
export function claimed({ lease, holder, transitions }: LeaseRecord, claim: Claim): JsonObject {
  const taken =
    holder === claim.identity ? {} : { acquireTime: microTime(claim.now), leaseTransitions: transitions + 1 };
  return { ...lease, spec: { ...specOf(lease), ...held(claim), ...taken } };
}

/** Nobody's: the next one need not wait. */
export function released({ lease }: LeaseRecord, now: Date): JsonObject {
  const spec = { holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(now), acquireTime: microTime(now) };
  return { ...lease, spec: { ...specOf(lease), ...spec } };
}

function held({ identity, durationMs, now }: Claim): JsonObject {
  return {
    holderIdentity: identity,
    leaseDurationSeconds: Math.max(1, Math.ceil(durationMs / 1000)),
    renewTime: microTime(now),
  };
}

function specOf(lease: KubernetesObject): JsonObject {
  const spec = at(lease, 'spec');
  return isJsonObject(spec) ? spec : {};
}

/** metav1.MicroTime: six digits after the point, always. */
export function microTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}
