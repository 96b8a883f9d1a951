/** A serving certificate from two PEM files, checked before anything is served with it. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

export interface ServingCertificate {
  readonly cert: string;
  readonly key: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** The files cannot be used; the message names the file, what is wrong with it and what is expected. */
export class CertificateError extends Error {
  readonly code = 'CERTIFICATE_UNUSABLE';
}

/** @throws CertificateError for a file that is missing, is no PEM, or a key that is another certificate's. */
export function loadServingCertificate(certFile: string, keyFile: string): ServingCertificate {
  const cert = read(certFile);
  const key = read(keyFile);
  const certificate = attempt(() => new X509Certificate(cert), `${certFile} is not a PEM certificate`);
  const privateKey = attempt(() => createPrivateKey(key), `${keyFile} is not a PEM private key`);
  // Node takes a pair that does not match, and then every handshake fails.
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new CertificateError(`the key in ${keyFile} does not belong to the certificate in ${certFile}`);
  }
  return { cert, key, notBefore: certificate.validFromDate, notAfter: certificate.validToDate };
}

/** What keeps the certificate from being served with, for the readiness check. */
export function certificateFault({ notBefore, notAfter }: ServingCertificate, now: Date): string | undefined {
  if (now >= notAfter) {
    return `the serving certificate expired at ${notAfter.toISOString()}`;
  }
  return now < notBefore ? `the serving certificate is not valid before ${notBefore.toISOString()}` : undefined;
}

function read(file: string): string {
  return attempt(() => readFileSync(file, 'utf8'), `${file} cannot be read`);
}

function attempt<T>(run: () => T, what: string): T {
  try {
    return run();
  } catch (cause) {
    throw new CertificateError(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
