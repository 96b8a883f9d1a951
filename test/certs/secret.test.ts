import { issueCa, issueServing } from '../../src/certs/issue.ts';
import { bundleApply, bundlesOf } from '../../src/certs/published.ts';
import { certificatesOf, isSelfManaged, readSecret, secretOf, servingPair } from '../../src/certs/secret.ts';
import type { KubernetesObject } from '../../src/api/objects.ts';

const NOW = new Date('2026-11-01T12:00:00Z');
const now = NOW.getTime();
const ca = await issueCa({ commonName: 'ca', lifetimeMs: 9000_000, now: NOW });
const next = await issueCa({ commonName: 'next', lifetimeMs: 9000_000, now: NOW });
const leaf = await issueServing({ ca, dnsNames: ['a.b.svc', 'a'], lifetimeMs: 3000_000, now: NOW });
const life = { issuedAt: now, expiresAt: now + 9000_000 };
const [caCert = ''] = certificatesOf(ca.cert);
const [nextCert = ''] = certificatesOf(next.cert);

const ROTATION = {
  current: { cert: caCert, key: ca.key, ...life, leavesUntil: now + 3000_000 },
  next: { cert: nextCert, key: next.key, ...life, publishedAt: now + 5 },
  previous: [{ cert: 'old', until: now + 1 }],
};
const NAMES = { namespace: 'n', name: 's' };

function stored(): KubernetesObject {
  return secretOf(NAMES, { rotation: ROTATION, leaf }, { now, resourceVersion: '7' }) as KubernetesObject;
}

function withData(change: object): KubernetesObject {
  const secret = stored();
  return { ...secret, data: { ...(secret['data'] as object), ...change } };
}

it('is read as it was written', () => {
  expect(isSelfManaged(stored())).toBe(true);
  expect(stored().metadata.resourceVersion).toBe('7');
  expect(servingPair(stored())).toEqual(leaf);
  expect(readSecret(stored())).toEqual({
    leaf,
    rotation: {
      ...ROTATION,
      leaf: { issuedAt: now, expiresAt: now + 3000_000, dnsNames: ['a.b.svc', 'a'], signedByCurrent: true },
    },
  });
});

it.each([
  ['no memory of the rotation', { 'rotation.json': '' }],
  ['nonsense', { 'rotation.json': Buffer.from('{').toString('base64') }],
  ['a CA that is none', { 'rotation.json': Buffer.from('{"current":{"cert":"x","key":"y"}}').toString('base64') }],
])('with %s it is none of ours, so that all is issued anew', (_title, change) => {
  expect(readSecret(withData(change))).toBeUndefined();
});

it('with a certificate that cannot be read has no leaf, so that one is issued', () => {
  expect(readSecret(withData({ 'tls.crt': 'bm8=' }))?.rotation.leaf).toBeUndefined();
});

describe('what is published', () => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const configuration: KubernetesObject = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'hook', uid: 'u', resourceVersion: '9', labels: { a: 'b' } },
    webhooks: [
      { name: 'one.authz.toolhive.stacklok.dev', clientConfig: { url: 'https://x', caBundle: base64(ca.cert) } },
      { name: 'two.authz.toolhive.stacklok.dev', clientConfig: { url: 'https://x' } },
      { name: 'theirs.example.com', clientConfig: { url: 'https://x', caBundle: base64('x') } },
    ],
  };

  it('is read of our webhooks only', () => {
    expect(bundlesOf(configuration)).toEqual([
      { webhook: 'one.authz.toolhive.stacklok.dev', certs: [caCert] },
      { webhook: 'two.authz.toolhive.stacklok.dev', certs: [] },
    ]);
  });

  it('is applied as caBundle by name and nothing else, to that very object as it was read', () => {
    const caBundle = base64(`${caCert}${nextCert}`);
    expect(bundleApply(configuration, [caCert, nextCert])).toEqual({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'hook', uid: 'u', resourceVersion: '9' },
      webhooks: [
        { name: 'one.authz.toolhive.stacklok.dev', clientConfig: { caBundle } },
        { name: 'two.authz.toolhive.stacklok.dev', clientConfig: { caBundle } },
      ],
    });
  });
});
