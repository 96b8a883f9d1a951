/**
 * etcd, kube-apiserver, kube-controller-manager and kubectl: those of KUBEBUILDER_ASSETS (the convention of envtest),
 * else built once from test/controlplane and kept outside the tree under a key of everything that goes into them.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const COMMANDS = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl'] as const;
export type CommandName = (typeof COMMANDS)[number];
/** Paths by name. */
export type Binaries = Readonly<Record<CommandName, string>>;

export interface BinariesOptions {
  readonly root: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Called about once a second while the build runs. */
  readonly building: (seconds: number) => void;
}

const VERSION = 'v1.37.2';

/** Go's linker writes the version in: clients and servers check each other's. */
const LINKER_FLAGS = [
  '-s -w',
  ...['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((location) => [
    `-X ${location}.gitVersion=${VERSION}`,
    `-X ${location}.gitMajor=1`,
    `-X ${location}.gitMinor=37`,
  ]),
].join(' ');

/** @throws Error that says what is missing and what to install or set. */
export async function findOrBuildBinaries(options: BinariesOptions): Promise<Binaries> {
  const assets = options.environment['KUBEBUILDER_ASSETS'];
  const given = assets === undefined || assets === '' ? [] : COMMANDS.filter((name) => existsSync(join(assets, name)));
  const folder = assets ?? '';
  if (given.length === COMMANDS.length) {
    return binariesIn(() => folder);
  }
  // The usual contents of KUBEBUILDER_ASSETS lack kube-controller-manager: take what is there and build the rest.
  const built = await build(options);
  return binariesIn((name) => (given.includes(name) ? folder : built));
}

function binariesIn(folderOf: (name: CommandName) => string): Binaries {
  const path = (name: CommandName): string => join(folderOf(name), name);
  return {
    etcd: path('etcd'),
    'kube-apiserver': path('kube-apiserver'),
    'kube-controller-manager': path('kube-controller-manager'),
    kubectl: path('kubectl'),
  };
}

async function build({ root, environment, building }: BinariesOptions): Promise<string> {
  const source = join(root, 'test/controlplane');
  const cache = environment['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(cache, 'mcp-authz-webhook', `controlplane-${cacheKey(source)}`);
  if (existsSync(join(folder, 'kubectl'))) {
    return folder;
  }
  assertGo();
  const release = await lock(`${folder}.lock`);
  try {
    if (!existsSync(join(folder, 'kubectl'))) {
      await compile(source, folder, building);
    }
  } finally {
    release();
  }
  return folder;
}

function cacheKey(source: string): string {
  const hash = createHash('sha256').update(LINKER_FLAGS).update(process.arch);
  for (const file of ['go.sum', 'go.mod', 'main.go']) {
    hash.update(readFileSync(join(source, file)));
  }
  return hash.digest('hex').slice(0, 16);
}

function assertGo(): void {
  const advice =
    'Install Go 1.26 or newer, or set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver, kube-controller-manager and kubectl.';
  let version: string;
  try {
    version = execFileSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' }).trim();
  } catch {
    throw new Error(`The control plane has to be built once, and there is no "go" on the PATH. ${advice}`);
  }
  const [, major = '0', minor = '0'] = /^go(\d+)\.(\d+)/.exec(version) ?? [];
  if (Number(major) === 1 && Number(minor) < 21) {
    // From 1.21 on, Go fetches the toolchain that go.mod asks for by itself.
    throw new Error(`The control plane has to be built once, and ${version} is too old for it. ${advice}`);
  }
}

/** Built aside and moved into place, so that a folder that exists is complete. */
async function compile(source: string, folder: string, building: (seconds: number) => void): Promise<void> {
  const aside = `${folder}.building`;
  rmSync(aside, { recursive: true, force: true });
  mkdirSync(aside, { recursive: true });
  const start = performance.now();
  const ticker = setInterval(() => {
    building((performance.now() - start) / 1000);
  }, 1000);
  try {
    await run(
      'go',
      ['build', '-mod=readonly', '-trimpath', `-ldflags=${LINKER_FLAGS}`, '-o', join(aside, 'controlplane'), '.'],
      source,
    );
  } finally {
    clearInterval(ticker);
  }
  for (const name of COMMANDS) {
    symlinkSync('controlplane', join(aside, name));
  }
  rmSync(folder, { recursive: true, force: true });
  renameSync(aside, folder);
}

function run(command: string, args: readonly string[], cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors = `${errors}${chunk.toString()}`.slice(-4000);
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0) {
        resolve();
      } else {
        reject(new Error(`building the control plane failed (go ended with ${String(code)}):\n${errors}`));
      }
    });
  });
}

/** Two starts at once must not build twice. A lock whose owner is gone is taken over. */
async function lock(file: string): Promise<() => void> {
  mkdirSync(join(file, '..'), { recursive: true });
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => {
        rmSync(file, { force: true });
      };
    } catch {
      if (!isAlive(ownerOf(file))) {
        rmSync(file, { force: true });
      } else {
        await sleep(500);
      }
    }
  }
}

function ownerOf(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return 0;
  }
}

function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}
