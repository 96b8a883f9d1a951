/**
 * Certificates as values: ECDSA P-256, PEM. Files, Secrets and rotation are other people's business. Imported only where
 * something is issued: the library takes 10 MB and a tenth of a second, and most replicas never issue.
 */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  type Extension,
} from '@peculiar/x509';
import { BACKDATE_MS, type IssuedCertificate } from './issued.ts';

export type { IssuedCertificate } from './issued.ts';

export interface CaOptions {
  readonly commonName: string;
  readonly lifetimeMs: number;
  readonly now: Date;
}

export interface LeafOptions {
  readonly ca: IssuedCertificate;
  readonly commonName?: string;
  /** Groups of a client certificate (Kubernetes reads O as group). */
  readonly organizations?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly lifetimeMs: number;
  readonly now: Date;
}

const KEY = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const;

export async function issueCa({ commonName, lifetimeMs, now }: CaOptions): Promise<IssuedCertificate> {
  const keys = await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      name: [{ CN: [commonName] }],
      keys,
      signingAlgorithm: SIGNATURE,
      ...validity(now, lifetimeMs),
      serialNumber: serialNumber(),
      extensions: [
        new BasicConstraintsExtension(true, undefined, true),
        new KeyUsagesExtension(
          KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign | KeyUsageFlags.digitalSignature,
          true,
        ),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return { cert: certificate.toString('pem'), key: await exportKey(keys.privateKey) };
}

/** A certificate to serve with, for every DNS name and IP address that it is reached by. */
export function issueServing(options: LeafOptions): Promise<IssuedCertificate> {
  const names = [
    ...(options.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(options.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
  return issueLeaf(options, ExtendedKeyUsage.serverAuth, [new SubjectAlternativeNameExtension(names)]);
}

/** A certificate to sign in with. */
export function issueClient(options: LeafOptions): Promise<IssuedCertificate> {
  return issueLeaf(options, ExtendedKeyUsage.clientAuth, []);
}

async function issueLeaf(
  { ca, commonName, organizations = [], dnsNames = [], lifetimeMs, now }: LeafOptions,
  usage: ExtendedKeyUsage,
  extensions: readonly Extension[],
): Promise<IssuedCertificate> {
  const issuer = new X509Certificate(ca.cert);
  const keys = await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.create(
    {
      subject: [...organizations.map((name) => ({ O: [name] })), { CN: [commonName ?? dnsNames[0] ?? 'localhost'] }],
      issuer: issuer.subject,
      publicKey: keys.publicKey,
      signingKey: await importKey(ca.key),
      signingAlgorithm: SIGNATURE,
      ...validity(now, lifetimeMs),
      serialNumber: serialNumber(),
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([usage]),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
        await AuthorityKeyIdentifierExtension.create(issuer, false, webcrypto),
        ...extensions,
      ],
    },
    webcrypto,
  );
  return { cert: certificate.toString('pem'), key: await exportKey(keys.privateKey) };
}

function validity(now: Date, lifetimeMs: number): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: new Date(now.getTime() - BACKDATE_MS), notAfter: new Date(now.getTime() + lifetimeMs) };
}

/** Positive, 127 random bits: unguessable, and within the 20 bytes of RFC 5280 4.1.2.2. */
function serialNumber(): string {
  const bytes = Buffer.from(webcrypto.getRandomValues(new Uint8Array(16)));
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x01, 0);
  return bytes.toString('hex');
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${(der.match(/.{1,64}/g) ?? []).join('\n')}\n-----END PRIVATE KEY-----\n`;
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(pem.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64');
  return webcrypto.subtle.importKey('pkcs8', der, KEY, false, ['sign']);
}
