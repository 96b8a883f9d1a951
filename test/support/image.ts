/**
 * The container image without a container runtime: the same files in the same places below a folder (scripts/image.mjs),
 * Node where the base image has it, and the program started as the image and the chart would: another user than root, no
 * new privileges, and a root that cannot be written to. What this does not show: the base image itself, a runtime's seccomp
 * profile, and a cgroup's limits.
 */
import { execFileSync, spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';

const ROOT = join(import.meta.dirname, '../..');
/** The user of the image. */
const USER = '65532';

export interface Image {
  /** Files put here before the start are in the image's root. */
  readonly root: string;
  /** What the entrypoint gets. */
  start(args: readonly string[]): ChildProcessByStdio<null, Readable, Readable>;
  /** Instead of the entrypoint, as a Pod's `command`, with its `env`. */
  run(command: readonly string[], env: NodeJS.ProcessEnv): ChildProcessByStdio<null, Readable, Readable>;
  remove(): void;
}

export function assembleImage(): Image {
  const root = mkdtempSync(join(tmpdir(), 'mcp-authz-image-'));
  chmodSync(root, 0o755);
  execFileSync(process.execPath, ['scripts/image.mjs', root], { cwd: ROOT });
  mkdirSync(join(root, 'nodejs/bin'), { recursive: true });
  const node = realpathSync(process.execPath);
  copyFileSync(node, join(root, 'nodejs/bin/node'));
  for (const library of librariesOf(node)) {
    mkdirSync(join(root, dirname(library)), { recursive: true });
    copyFileSync(library, join(root, library)); // of a link, what it leads to
  }
  return {
    root,
    start: (args) => {
      const { entrypoint, environment } = dockerfile();
      return enter(root, [...entrypoint, ...args], environment);
    },
    run: (command, env) => enter(root, command, { ...dockerfile().environment, ...env }),
    remove: () => {
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function enter(
  root: string,
  command: readonly string[],
  env: NodeJS.ProcessEnv,
): ChildProcessByStdio<null, Readable, Readable> {
  return spawn('unshare', [...namespaces(), 'sh', '-c', ENTER, 'enter', root, ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  });
}

/** Last lines of the Dockerfile: what a runtime would start, and with which environment. */
function dockerfile(): { readonly entrypoint: readonly string[]; readonly environment: NodeJS.ProcessEnv } {
  const text = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
  const entrypoint = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(text)?.[1] ?? '') as string[];
  const variables = [...text.matchAll(/^ENV (\w+)="?(.*?)"?$/gm)].map(([, name = '', value = '']) => [name, value]);
  const environment = Object.fromEntries(variables) as Record<string, string>;
  return { entrypoint, environment: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', ...environment } };
}

/** Inside a mount namespace of its own: root over itself, read-only, and nothing else in sight. */
const ENTER = [
  'set -e; root=$1; shift',
  'mount --bind "$root" "$root"',
  'mount -o remount,bind,ro "$root"',
  `[ "$(cat /proc/self/uid_map | tr -s ' ')" != ' 0 0 4294967295' ] || user="--userspec=${USER}:${USER} --groups=${USER}"`,
  'exec setpriv --no-new-privs chroot $user "$root" "$@"',
].join('\n');

/** Where the tests do not run as root, a user namespace gives the right to mount; root there is nobody outside. */
function namespaces(): readonly string[] {
  const ways = [['--mount'], ['--user', '--map-root-user', '--mount']];
  const way = ways.find((flags) => spawnSync('unshare', [...flags, 'true']).status === 0);
  if (way === undefined) {
    throw new Error('the test of the image needs a mount namespace: run it as root, or allow user namespaces');
  }
  return way;
}

/** The base image brings these. */
function librariesOf(program: string): readonly string[] {
  const output = execFileSync('ldd', [program], { encoding: 'utf8' });
  return [...output.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path);
}
