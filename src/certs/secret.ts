/**
 * The Secret of self-managed certificates, as values. `tls.crt`, `tls.key` and `ca.crt` are what every such Secret has
 * and all that a replica reads; `rotation.json` is what the one that issues remembers.
 */
import { X509Certificate } from 'node:crypto';
import { at, isJsonObject, stringAt, type JsonObject } from '../api/json.ts';
import { SELF_MANAGED_LABEL } from '../api/names.ts';
import type { KubernetesObject } from '../api/objects.ts';
import { BACKDATE_MS, type IssuedCertificate } from './issued.ts';
import { trusted, type Authority, type Leaf, type Rotation, type Trusted } from './plan.ts';

export interface SecretNames {
  readonly namespace: string;
  readonly name: string;
}

export interface StoredCertificates {
  readonly rotation: Rotation;
  readonly leaf: IssuedCertificate | undefined;
}

/** A Secret of that name which somebody else made is not ours to overwrite. */
export function isSelfManaged(secret: KubernetesObject): boolean {
  return stringAt(secret, 'metadata', 'labels', SELF_MANAGED_LABEL) === 'true';
}

export function servingPair(secret: KubernetesObject): IssuedCertificate | undefined {
  const cert = decoded(secret, 'tls.crt');
  const key = decoded(secret, 'tls.key');
  return cert === undefined || key === undefined ? undefined : { cert, key };
}

/** Undefined where it cannot be read as one of ours: then everything is issued anew. */
export function readSecret(secret: KubernetesObject): StoredCertificates | undefined {
  const state = parsed(decoded(secret, 'rotation.json'));
  const current = authority(at(state, 'current'));
  const next = authority(at(state, 'next'));
  if (current === undefined && next === undefined) {
    return undefined;
  }
  const leavesUntil = timeAt(state, 'current', 'leavesUntil');
  const publishedAt = timeAt(state, 'next', 'publishedAt');
  const pair = servingPair(secret);
  const leaf = pair === undefined ? undefined : leafOf(pair.cert, current?.cert);
  return {
    leaf: leaf === undefined ? undefined : pair,
    rotation: {
      // A CA that says nothing of its leaves may have signed one until its own end.
      ...(current === undefined ? {} : { current: { ...current, leavesUntil: leavesUntil ?? current.expiresAt } }),
      ...(next === undefined ? {} : { next: { ...next, ...(publishedAt === undefined ? {} : { publishedAt }) } }),
      previous: previousOf(at(state, 'previous')),
      ...(leaf === undefined ? {} : { leaf }),
    },
  };
}

/** As it is written; `resourceVersion` makes the write fail where somebody else was there first. */
export function secretOf(
  { namespace, name }: SecretNames,
  { rotation, leaf }: { readonly rotation: Omit<Rotation, 'leaf'>; readonly leaf: IssuedCertificate | undefined },
  { now, resourceVersion }: { readonly now: number; readonly resourceVersion: string | undefined },
): JsonObject {
  const { current, next, previous } = rotation;
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      namespace,
      name,
      labels: { 'app.kubernetes.io/name': 'mcp-authz-webhook', [SELF_MANAGED_LABEL]: 'true' },
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    type: 'Opaque', // kubernetes.io/tls demands a certificate from the start, and that comes only once its CA is published
    data: {
      ...(leaf === undefined ? {} : { 'tls.crt': encoded(leaf.cert), 'tls.key': encoded(leaf.key) }),
      'ca.crt': encoded(trusted(rotation, now).join('')),
      'rotation.json': encoded(JSON.stringify({ current, next, previous }, undefined, 1)),
    },
  };
}

/** The certificates of a bundle, each in one form, so that equal ones are equal texts. */
export function certificatesOf(pem: string): readonly string[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => x509(block)?.toString() ?? `${block}\n`);
}

export function x509(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

/** Without "DNS:" and the like. */
export function dnsNamesOf({ subjectAltName = '' }: X509Certificate): readonly string[] {
  return subjectAltName
    .split(', ')
    .filter((entry) => entry.startsWith('DNS:'))
    .map((entry) => entry.slice('DNS:'.length));
}

export function isSignedBy(certificate: X509Certificate, ca: X509Certificate): boolean {
  return certificate.checkIssued(ca) && certificate.verify(ca.publicKey);
}

function authority(value: unknown): Authority | undefined {
  const pem = stringAt(value, 'cert');
  const key = stringAt(value, 'key');
  const certificate = pem === undefined ? undefined : x509(pem);
  return certificate === undefined || key === undefined
    ? undefined
    : { cert: certificate.toString(), key, ...lifeOf(certificate) };
}

function leafOf(pem: string, currentCa: string | undefined): Leaf | undefined {
  const certificate = x509(pem);
  const ca = currentCa === undefined ? undefined : x509(currentCa);
  return certificate === undefined
    ? undefined
    : {
        ...lifeOf(certificate),
        dnsNames: dnsNamesOf(certificate),
        signedByCurrent: ca !== undefined && isSignedBy(certificate, ca),
      };
}

function lifeOf({ validFromDate, validToDate }: X509Certificate): { issuedAt: number; expiresAt: number } {
  return { issuedAt: validFromDate.getTime() + BACKDATE_MS, expiresAt: validToDate.getTime() };
}

function previousOf(value: unknown): readonly Trusted[] {
  const entries: readonly unknown[] = Array.isArray(value) ? value : [];
  return entries.flatMap((entry) => {
    const cert = stringAt(entry, 'cert');
    const until = timeAt(entry, 'until');
    return cert === undefined || until === undefined ? [] : [{ cert, until }];
  });
}

function timeAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = at(value, ...path);
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined;
}

function decoded(secret: KubernetesObject, key: string): string | undefined {
  const text = stringAt(secret, 'data', key);
  return text === undefined || text === '' ? undefined : Buffer.from(text, 'base64').toString('utf8');
}

function encoded(text: string): string {
  return Buffer.from(text).toString('base64');
}

function parsed(text: string | undefined): JsonObject {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}
