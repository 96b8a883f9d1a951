/** Where the serving certificate comes from, as `serve` runs it: files, or issued by ourselves. */
import { readFileSync } from 'node:fs';
import type { RunningServer, TlsOptions } from '../../admission/server.ts';
import { createCertificateAuthority } from '../../certs/authority.ts';
import { loadServingCertificate } from '../../certs/files.ts';
import { createCertificateSource, fromFiles, fromSecret } from '../../certs/source.ts';
import type { KubeClient } from '../../kube/client.ts';
import { systemClock } from '../../kube/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Metrics } from '../../runtime/metrics.ts';
import { SettingsError, type Settings } from '../../runtime/settings.ts';

export interface Certificates {
  readonly tls: TlsOptions;
  /** Keeps what is served up to date. */
  start(deps: CertificatesDeps): CertificateRenewal;
}

export interface CertificatesDeps {
  readonly client: KubeClient;
  readonly admission: Pick<RunningServer, 'secure'>;
  readonly metrics: Pick<Metrics, 'certificateExpires'>;
  readonly leads: () => boolean;
  readonly logger: Logger;
  readonly now: () => Date;
}

export interface CertificateRenewal {
  /** For readiness. */
  fault(): string | undefined;
  stop(): Promise<void>;
}

/** How often files or Secret are looked at, at most; sooner where lifetimes are short. */
const POLL_MS = 10_000;
const SETTLE_MS = 30_000;

/** @throws SettingsError, CertificateError for what cannot work from the start. */
export function prepareCertificates(settings: Settings): Certificates {
  const { tlsMinVersion: minVersion, clientCaFile, clientAllowedNames } = settings;
  if (clientAllowedNames.length > 0 && clientCaFile === undefined) {
    throw new SettingsError(
      '--client-allowed-names needs --client-ca-file: a name that nobody vouches for is no proof',
    );
  }
  const clientCa = clientCaFile === undefined ? undefined : readClientCa(clientCaFile);
  return modeOf(settings) === 'files'
    ? filesMode(settings, { minVersion, clientCa })
    : selfManagedMode(settings, { minVersion, clientCa });
}

function modeOf({ tlsMode, tlsCertFile, tlsPrivateKeyFile, serviceName, serviceNamespace }: Settings): string {
  const withFiles = tlsCertFile !== undefined && tlsPrivateKeyFile !== undefined;
  const withService = serviceName !== undefined && serviceNamespace !== undefined;
  const mode = tlsMode ?? (withFiles ? 'files' : 'self-managed');
  if (mode === 'files' ? !withFiles : !withService) {
    throw new SettingsError(
      'a serving certificate is needed: give --tls-cert-file and --tls-private-key-file, or --service-name and ' +
        '--service-namespace to have it issued ("npm start" without a cluster makes its own; docs/certificates.md)',
    );
  }
  return mode;
}

function filesMode(settings: Settings, tls: TlsOptions): Certificates {
  const { tlsCertFile = '', tlsPrivateKeyFile = '' } = settings;
  const first = loadServingCertificate(tlsCertFile, tlsPrivateKeyFile);
  return {
    tls: { ...tls, material: { cert: first.cert, key: first.key } },
    start: ({ admission, metrics, logger, now }) => {
      metrics.certificateExpires(first.notAfter);
      const source = createCertificateSource({
        ...{ load: fromFiles(tlsCertFile, tlsPrivateKeyFile), first, pollMs: POLL_MS / 2 },
        ...{ serve: served(admission, metrics), clock: systemClock, now, logger },
      });
      return running(() => source.fault(), [(signal) => source.run(signal)]);
    },
  };
}

function selfManagedMode(settings: Settings, tls: TlsOptions): Certificates {
  const { serviceName = '', serviceNamespace = '', tlsSecretName, tlsCaLifetime, tlsLeafLifetime } = settings;
  if (tlsCaLifetime < 3 * tlsLeafLifetime) {
    throw new SettingsError('--tls-ca-lifetime must be at least three times --tls-leaf-lifetime');
  }
  const secret = { namespace: serviceNamespace, name: tlsSecretName };
  const pollMs = Math.min(POLL_MS, tlsLeafLifetime / 30);
  return {
    tls,
    start: ({ client, admission, metrics, leads, logger, now }) => {
      const authority = createCertificateAuthority(
        {
          ...{ secret, configurationName: settings.webhookConfiguration, pollMs },
          policy: {
            dnsNames: serviceDnsNames(serviceName, serviceNamespace),
            caLifetimeMs: tlsCaLifetime,
            leafLifetimeMs: tlsLeafLifetime,
            settleMs: Math.min(SETTLE_MS, tlsLeafLifetime / 10),
          },
        },
        { client, leads, clock: systemClock, now, logger },
      );
      const source = createCertificateSource({
        ...{ load: fromSecret(client, secret), pollMs },
        ...{ serve: served(admission, metrics), clock: systemClock, now, logger },
      });
      const fault = (): string | undefined => {
        const why = source.fault();
        const cause = authority.fault();
        return why === undefined || cause === undefined ? why : `${why} (${cause})`;
      };
      return running(fault, [(signal) => authority.run(signal), (signal) => source.run(signal)]);
    },
  };
}

/** Every name that resolves to the Service within the cluster; the API server calls `<name>.<namespace>.svc`. */
export function serviceDnsNames(name: string, namespace: string): readonly string[] {
  return [`${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`, `${name}.${namespace}`, name];
}

function served(
  admission: CertificatesDeps['admission'],
  metrics: CertificatesDeps['metrics'],
): (certificate: { readonly cert: string; readonly key: string; readonly notAfter: Date }) => void {
  return ({ cert, key, notAfter }) => {
    admission.secure({ cert, key });
    metrics.certificateExpires(notAfter);
  };
}

function running(
  fault: () => string | undefined,
  parts: readonly ((signal: AbortSignal) => Promise<void>)[],
): CertificateRenewal {
  const stopping = new AbortController();
  const all = Promise.all(parts.map((run) => run(stopping.signal)));
  return {
    fault,
    stop: async () => {
      stopping.abort();
      await all;
    },
  };
}

function readClientCa(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new SettingsError(
      `--client-ca-file ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}
