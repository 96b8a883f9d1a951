/**
 * The only place that reads flags, environment and file.
 * A flag wins over the environment, the environment over the file, the file over the default.
 */
import { parseDocument } from 'yaml';
import { isJsonObject } from '../api/json.ts';
import { SETTINGS, SettingsError, type Setting, type Settings } from './settings.ts';

export interface SettingSources {
  /** By the setting's own name, as commander delivers them. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Text and name of the file given by `--config`, if any. */
  readonly file?: { readonly name: string; readonly text: string };
}

export function environmentName(setting: string): string {
  return `MCP_AUTHZ_${setting.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** @throws SettingsError naming every value that is wrong, not only the first. */
export function readSettings(sources: SettingSources): Settings {
  const problems: string[] = [];
  const file = fileValues(sources.file, problems);
  const read = <K extends keyof Settings>(name: K): Settings[K] => {
    const setting: Setting<Settings[K]> = SETTINGS[name];
    const given = firstGiven(name, setting, sources, file);
    if (given === undefined) {
      return setting.fallback;
    }
    try {
      return setting.parse(given.value);
    } catch (error) {
      problems.push(`${given.origin}: "${given.value}" is not usable: ${error instanceof Error ? error.message : ''}`);
      return setting.fallback;
    }
  };
  const settings: Settings = {
    kubeconfig: read('kubeconfig'),
    context: read('context'),
    bindAddress: read('bindAddress'),
    port: read('port'),
    healthPort: read('healthPort'),
    tlsCertFile: read('tlsCertFile'),
    tlsPrivateKeyFile: read('tlsPrivateKeyFile'),
    tlsMinVersion: read('tlsMinVersion'),
    tlsMode: read('tlsMode'),
    tlsSecretName: read('tlsSecretName'),
    serviceName: read('serviceName'),
    serviceNamespace: read('serviceNamespace'),
    webhookConfiguration: read('webhookConfiguration'),
    tlsCaLifetime: read('tlsCaLifetime'),
    tlsLeafLifetime: read('tlsLeafLifetime'),
    clientCaFile: read('clientCaFile'),
    clientAllowedNames: read('clientAllowedNames'),
    maxConnectionRequests: read('maxConnectionRequests'),
    maxConnections: read('maxConnections'),
    maxInFlight: read('maxInFlight'),
    missingReference: read('missingReference'),
    customRules: read('customRules'),
    webhooks: read('webhooks'),
    loop: read('loop'),
    admissionGrace: read('admissionGrace'),
    rollout: read('rollout'),
    leaseNamespace: read('leaseNamespace'),
    leaseName: read('leaseName'),
    logLevel: read('logLevel'),
    tracingEndpoint: read('tracingEndpoint'),
    tracingSamplingRatio: read('tracingSamplingRatio'),
  };
  if (problems.length > 0) {
    throw new SettingsError(problems.join('\n'));
  }
  return settings;
}

interface Given {
  readonly value: string;
  readonly origin: string;
}

function firstGiven(
  name: string,
  setting: { readonly flag: string },
  { flags, environment }: SettingSources,
  file: ReadonlyMap<string, Given>,
): Given | undefined {
  const flag = flags[name];
  if (typeof flag === 'string' || Array.isArray(flag)) {
    return { value: Array.isArray(flag) ? flag.join(',') : flag, origin: setting.flag.split(' ')[0] ?? name };
  }
  const variable = environmentName(name);
  const value = environment[variable];
  return value !== undefined ? { value, origin: variable } : file.get(name);
}

function fileValues(file: SettingSources['file'], problems: string[]): ReadonlyMap<string, Given> {
  const values = new Map<string, Given>();
  if (file === undefined) {
    return values;
  }
  const document = parseDocument(file.text);
  for (const error of document.errors) {
    problems.push(`${file.name}: ${error.message.split('\n')[0] ?? ''}`);
  }
  const content: unknown = document.errors.length > 0 ? {} : (document.toJS() ?? {});
  if (!isJsonObject(content)) {
    problems.push(`${file.name}: expected a map of settings`);
    return values;
  }
  for (const [key, value] of Object.entries(content)) {
    if (!Object.hasOwn(SETTINGS, key)) {
      problems.push(`${file.name}: unknown setting "${key}"; known are ${Object.keys(SETTINGS).join(', ')}`);
    } else if (typeof value === 'string' || typeof value === 'number') {
      values.set(key, { value: String(value), origin: `${file.name}: ${key}` });
    } else if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) {
      values.set(key, { value: value.join(','), origin: `${file.name}: ${key}` });
    } else {
      problems.push(`${file.name}: ${key}: expected a text or a number`);
    }
  }
  return values;
}
