/**
 * The certificate that is served with, kept up to date: from files or from the Secret, looked at again and again. What
 * cannot be used never replaces what is served.
 */
import { createPrivateKey } from 'node:crypto';
import type { KubeClient } from '../kube/client.ts';
import { pause, type Clock } from '../kube/clock.ts';
import { messageOf } from '../kube/errors.ts';
import { getObject } from '../kube/get.ts';
import type { Logger } from '../runtime/logger.ts';
import { certificateFault, loadServingCertificate, type ServingCertificate } from './files.ts';
import { servingPair, x509, type SecretNames } from './secret.ts';

/** Undefined where there is none yet. @throws Error where there is one that cannot be used. */
export type LoadCertificate = (signal: AbortSignal) => Promise<ServingCertificate | undefined>;

/** Read anew each time by name, so that kubelet's swap of the symbolic link below a mount is seen. */
export function fromFiles(certFile: string, keyFile: string): LoadCertificate {
  return () =>
    new Promise((resolve) => {
      resolve(loadServingCertificate(certFile, keyFile));
    });
}

/** What is in the Secret is trusted by every API server already: see plan.ts. */
export function fromSecret(client: KubeClient, { namespace, name }: SecretNames): LoadCertificate {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets/${encodeURIComponent(name)}`;
  return async (signal) => {
    const secret = await getObject(client, path, signal);
    const pair = secret === undefined ? undefined : servingPair(secret);
    if (pair === undefined) {
      return undefined;
    }
    const certificate = x509(pair.cert);
    if (certificate?.checkPrivateKey(createPrivateKey(pair.key)) !== true) {
      throw new Error(`Secret ${namespace}/${name} holds no certificate with its key`);
    }
    return { ...pair, notBefore: certificate.validFromDate, notAfter: certificate.validToDate };
  };
}

export interface CertificateSourceOptions {
  readonly load: LoadCertificate;
  /** What is served with from the start, where that is known. */
  readonly first?: ServingCertificate;
  /** Called for every certificate that is another than the one before. */
  readonly serve: (certificate: ServingCertificate) => void;
  readonly pollMs: number;
  readonly clock: Clock;
  readonly now: () => Date;
  readonly logger: Logger;
}

export interface CertificateSource {
  /** Until the signal; never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** For readiness: what keeps the certificate from being served with. */
  fault(): string | undefined;
}

/** While there is none at all, every moment counts. */
const EAGER_MS = 500;

export function createCertificateSource(options: CertificateSourceOptions): CertificateSource {
  const { load, serve, pollMs, clock, now, logger } = options;
  let current = options.first;
  let trouble: string | undefined;

  async function look(signal: AbortSignal): Promise<void> {
    const found = await load(signal);
    trouble = undefined;
    if (found === undefined || (found.cert === current?.cert && found.key === current.key)) {
      return;
    }
    const fault = certificateFault(found, now());
    if (fault !== undefined && current !== undefined && certificateFault(current, now()) === undefined) {
      throw new Error(`the new certificate is not used: ${fault}`);
    }
    serve(found);
    logger.info('serving certificate changed', { expires: found.notAfter.toISOString() });
    current = found;
  }

  return {
    fault: () => (current === undefined ? (trouble ?? 'it is not issued yet') : certificateFault(current, now())),
    run: async (signal) => {
      const stopped = (): boolean => signal.aborted;
      while (!stopped()) {
        try {
          await look(signal);
        } catch (error) {
          const why = messageOf(error);
          if (why !== trouble && !stopped()) {
            logger.warn('the serving certificate could not be read, the one before is kept', { error: why });
          }
          trouble = why;
        }
        await pause(clock, current === undefined ? Math.min(EAGER_MS, pollMs) : pollMs, signal);
      }
    },
  };
}
