/** Builds and installs the peers, once, outside the tree under a key of everything that goes into them. */
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

type Say = (text: string) => void;

const PEERS = join(import.meta.dirname, 'peers');
const run = promisify(execFile);

/** The path of the program. */
export async function buildControllerRuntime(say: Say): Promise<string> {
  const source = join(PEERS, 'controller-runtime');
  const version = execFileSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' }).trim();
  const folder = await once('controller-runtime', source, ['go.mod', 'go.sum', 'main.go'], version, async (aside) => {
    say('building the webhook on controller-runtime, once');
    // As the control plane of the tests is built, so that Go compiles what they share once.
    const args = ['build', '-mod=readonly', '-trimpath', '-ldflags=-s -w', '-o', join(aside, 'webhook'), '.'];
    await run('go', args, { cwd: source, env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' } });
  });
  return join(folder, 'webhook');
}

/** The folder of the module, with what it depends on. */
export function installPepr(say: Say): Promise<string> {
  const source = join(PEERS, 'pepr');
  const files = ['package.json', 'package-lock.json', 'module.js'];
  return once('pepr', source, files, process.version, async (aside) => {
    say('installing Pepr, once');
    files.forEach((file) => {
      cpSync(join(source, file), join(aside, file));
    });
    await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: aside });
  });
}

/** Made aside and moved into place, so that a folder that exists is complete. */
async function once(
  name: string,
  source: string,
  files: readonly string[],
  salt: string,
  make: (aside: string) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256').update(salt).update(process.arch);
  files.forEach((file) => hash.update(readFileSync(join(source, file))));
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(cache, 'mcp-authz-webhook', `bench-${name}-${hash.digest('hex').slice(0, 16)}`);
  if (!existsSync(folder)) {
    const aside = `${folder}.${String(process.pid)}`;
    mkdirSync(aside, { recursive: true });
    await make(aside);
    try {
      renameSync(aside, folder);
    } catch {
      rmSync(aside, { recursive: true }); // another run was faster
    }
  }
  return folder;
}
