/** Every setting of `serve`: its flag, what it is for, what it may be. */
import { LOG_LEVELS, type LogLevel } from './logger.ts';

export interface Settings {
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly bindAddress: string;
  readonly port: number;
  readonly healthPort: number;
  readonly tlsCertFile: string | undefined;
  readonly tlsPrivateKeyFile: string | undefined;
  readonly tlsMinVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly tlsMode: 'self-managed' | 'files' | undefined;
  readonly tlsSecretName: string;
  readonly serviceName: string | undefined;
  readonly serviceNamespace: string | undefined;
  readonly webhookConfiguration: string;
  readonly tlsCaLifetime: number;
  readonly tlsLeafLifetime: number;
  readonly clientCaFile: string | undefined;
  readonly clientAllowedNames: readonly string[];
  readonly maxConnectionRequests: number;
  readonly maxConnections: number;
  readonly maxInFlight: number;
  readonly missingReference: 'Warn' | 'Deny';
  readonly customRules: readonly string[];
  readonly webhooks: 'on' | 'off';
  readonly loop: 'on' | 'off' | 'elsewhere';
  readonly admissionGrace: number;
  readonly rollout: 'Evict' | 'Off';
  readonly leaseNamespace: string;
  readonly leaseName: string;
  readonly logLevel: LogLevel;
  readonly tracingEndpoint: string | undefined;
  readonly tracingSamplingRatio: number;
}

/** Something that was given is not usable. The message names the setting, where it came from and what is allowed. */
export class SettingsError extends Error {
  readonly code = 'INVALID_SETTING';
}

export interface Setting<T> {
  readonly flag: string;
  readonly help: string;
  readonly fallback: T;
  /** Throws an Error that says what is allowed. */
  parse(text: string): T;
  /** May be given more than once. */
  readonly repeatable?: boolean;
  /** The fallback as it would be given, where that is not how it is kept. */
  readonly shown?: string;
}

const text = (value: string): string => {
  if (value === '') {
    throw new Error('it is empty');
  }
  return value;
};

const port = (value: string): number => {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number > 65_535) {
    throw new Error('expected a port number from 0 (any free port) to 65535');
  }
  return number;
};

const count = (value: string): number => {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < 1 || number > 1_000_000) {
    throw new Error('expected a number from 1 to 1000000');
  }
  return number;
};

const seconds = (value: string): number => {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number > 3600) {
    throw new Error('expected whole seconds from 0 to 3600');
  }
  return number;
};

const webAddress = (value: string): string => {
  if (!/^https?:$/.test(URL.parse(value)?.protocol ?? '')) {
    throw new Error('expected an address such as http://collector.observability:4318');
  }
  return value;
};

const ratio = (value: string): number => {
  const number = Number(value);
  if (value.trim() === '' || !(number >= 0 && number <= 1)) {
    throw new Error('expected a number from 0 to 1');
  }
  return number;
};

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

/** As Go writes them, in whole units: `90s`, `30m`, `8760h`, `1h30m`. Milliseconds. */
const duration = (value: string): number => {
  const parts = /^(\d+[smh])+$/.test(value) ? (value.match(/\d+[smh]/g) ?? []) : [];
  const total = parts.reduce((sum, part) => sum + Number(part.slice(0, -1)) * (UNITS[part.slice(-1)] ?? 0), 0);
  if (total < 10_000) {
    throw new Error('expected a duration such as 8760h or 90s, not under 10s');
  }
  return total;
};

function oneOf<const T extends string>(allowed: readonly T[]): (value: string) => T {
  return (value) => {
    const found = allowed.find((candidate) => candidate === value);
    if (found === undefined) {
      throw new Error(`expected one of ${allowed.join(', ')}`);
    }
    return found;
  };
}

type SettingTable = { readonly [K in keyof Settings]: Setting<Settings[K]> };

export const SETTINGS: SettingTable = {
  kubeconfig: {
    flag: '--kubeconfig <file>',
    help: 'kubeconfig of the cluster to serve',
    fallback: undefined,
    parse: text,
  },
  context: { flag: '--context <name>', help: 'context within the kubeconfig', fallback: undefined, parse: text },
  bindAddress: { flag: '--bind-address <ip>', help: 'address to listen on', fallback: '127.0.0.1', parse: text },
  port: { flag: '--port <n>', help: 'HTTPS port of admission; 0 takes a free one', fallback: 9443, parse: port },
  healthPort: {
    flag: '--health-port <n>',
    help: 'plain port of /livez, /readyz and /metrics; 0 takes a free one',
    fallback: 8081,
    parse: port,
  },
  tlsCertFile: { flag: '--tls-cert-file <file>', help: 'serving certificate, PEM', fallback: undefined, parse: text },
  tlsPrivateKeyFile: { flag: '--tls-private-key-file <file>', help: 'its key, PEM', fallback: undefined, parse: text },
  tlsMinVersion: {
    flag: '--tls-min-version <v>',
    help: 'lowest TLS version accepted: TLSv1.2 or TLSv1.3',
    fallback: 'TLSv1.3',
    parse: oneOf(['TLSv1.2', 'TLSv1.3']),
  },
  tlsMode: {
    flag: '--tls-mode <mode>',
    help: 'self-managed or files (default: files where they are given, else self-managed where the Service is named)',
    fallback: undefined,
    parse: oneOf(['self-managed', 'files']),
  },
  tlsSecretName: {
    flag: '--tls-secret-name <name>',
    help: 'Secret of self-managed certificates, in the namespace of the Service',
    fallback: 'mcp-authz-webhook-tls',
    parse: text,
  },
  serviceName: {
    flag: '--service-name <name>',
    help: 'Service by which the API server reaches us; self-managed certificates are for its names',
    fallback: undefined,
    parse: text,
  },
  serviceNamespace: {
    flag: '--service-namespace <name>',
    help: 'its namespace',
    fallback: undefined,
    parse: text,
  },
  webhookConfiguration: {
    flag: '--webhook-configuration <name>',
    help: 'of the two webhook configurations, whose caBundle is written in self-managed mode',
    fallback: 'mcp-authz-webhook',
    parse: text,
  },
  tlsCaLifetime: {
    flag: '--tls-ca-lifetime <duration>',
    help: 'of the self-managed certificate authority, such as 8760h',
    fallback: 8760 * 3_600_000,
    shown: '8760h',
    parse: duration,
  },
  tlsLeafLifetime: {
    flag: '--tls-leaf-lifetime <duration>',
    help: 'of the self-managed serving certificate, such as 2160h',
    fallback: 2160 * 3_600_000,
    shown: '2160h',
    parse: duration,
  },
  clientCaFile: {
    flag: '--client-ca-file <file>',
    help: 'PEM: only callers whose client certificate one of these signed are answered',
    fallback: undefined,
    parse: text,
  },
  clientAllowedNames: {
    flag: '--client-allowed-names <names>',
    help: 'common names of those client certificates, comma-separated (default: any)',
    fallback: [],
    parse: (value) => value.split(',').map((part) => text(part.trim())),
  },
  maxConnectionRequests: {
    flag: '--max-connection-requests <n>',
    help: 'after so many answers a connection is closed, so that load spreads to new replicas',
    fallback: 10_000,
    parse: count,
  },
  maxConnections: {
    flag: '--max-connections <n>',
    help: 'open at a time; for one more, one that asks nothing is closed',
    fallback: 1000,
    parse: count,
  },
  maxInFlight: {
    flag: '--max-in-flight <n>',
    help: 'admission requests worked on at a time, at most, and half as many of one namespace; more get 429',
    fallback: 200,
    parse: count,
  },
  missingReference: {
    flag: '--missing-reference <answer>',
    help: 'what a reference to a config that does not exist gets: Warn or Deny',
    fallback: 'Warn',
    parse: oneOf(['Warn', 'Deny']),
  },
  customRules: {
    flag: '--custom-rules <file>',
    help: 'file or folder of custom rules (CEL); may be repeated',
    fallback: [],
    parse: (value) => value.split(',').map((part) => text(part.trim())),
    repeatable: true,
  },
  webhooks: {
    flag: '--webhooks <state>',
    help: 'answer admission requests: on or off',
    fallback: 'on',
    parse: oneOf(['on', 'off']),
  },
  loop: {
    flag: '--loop <state>',
    help: 'run the companion loop: on, off, or elsewhere (another process runs it, so finalizers are given)',
    fallback: 'on',
    parse: oneOf(['on', 'off', 'elsewhere']),
  },
  admissionGrace: {
    flag: '--admission-grace <seconds>',
    help: 'how long a deleted config is held for references that were just admitted; longer than any admission takes',
    fallback: 15,
    parse: seconds,
  },
  rollout: {
    flag: '--rollout <what>',
    help: 'what becomes of pods with an outdated config: Evict (one workload at a time, as budgets allow) or Off',
    fallback: 'Off',
    parse: oneOf(['Evict', 'Off']),
  },
  leaseNamespace: {
    flag: '--lease-namespace <name>',
    help: 'namespace of the Lease by which one replica is elected to run the loop',
    fallback: 'mcp-authz-system',
    parse: text,
  },
  leaseName: { flag: '--lease-name <name>', help: 'its name', fallback: 'mcp-authz-webhook', parse: text },
  logLevel: { flag: '--log-level <level>', help: LOG_LEVELS.join(', '), fallback: 'info', parse: oneOf(LOG_LEVELS) },
  tracingEndpoint: {
    flag: '--tracing-endpoint <url>',
    help: 'OTLP/HTTP collector that traces are sent to, such as http://collector.observability:4318 (default: none are made)',
    fallback: undefined,
    parse: webAddress,
  },
  tracingSamplingRatio: {
    flag: '--tracing-sampling-ratio <ratio>',
    help: 'part of the requests that is traced where the caller has not decided it, 0 to 1',
    fallback: 0.1,
    parse: ratio,
  },
};
