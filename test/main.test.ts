import { spawn, spawnSync } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';

const MAIN = join(import.meta.dirname, '../src/main.ts');
const NODE = ['--no-warnings', MAIN];

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(...args: readonly string[]): Ended {
  return spawnSync(process.execPath, [...NODE, ...args], { encoding: 'utf8' });
}

/** The names in the list of commands. */
function listed({ stdout }: Ended): readonly string[] {
  return [...stdout.matchAll(/^ {2}([a-z-]+)(?: \[| <| {2})/gm)].map(([, name = '']) => name);
}

describe('the command line', () => {
  it('lists every command in its help, and each has a help of its own', () => {
    const names = listed(run('--help')).filter((name) => name !== 'help');
    expect(names).toEqual(
      'serve check manifests doctor cleanup sleep decide test explain migrate used-by start'.split(' '),
    );
    for (const name of names) {
      const { status, stdout } = run(name, '--help');
      expect({ name, status, usage: stdout.startsWith(`Usage: mcp-authz ${name} `) }).toEqual({
        name,
        status: 0,
        usage: true,
      });
    }
  });

  it.each([
    ['help', 'sleep'],
    ['sleep', '--help'],
  ])('tells of one command: %s %s', (...args) => {
    expect(run(...args).stdout).toContain('Usage: mcp-authz sleep [options] <seconds>');
  });

  it.each(['nonsense', 'toString', '__proto__', '--nonsense'])(
    'takes %s for wrong usage, and says where the help is',
    (name) => {
      const { status, stderr } = run(name);
      expect(status).toBe(2);
      expect(stderr).toContain('--help shows the options');
    },
  );

  it('tells its version', () => {
    const { status, stdout } = run('--version');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
  });

  it('says nothing where nobody reads any more', async () => {
    const child = spawn(process.execPath, [...NODE, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    expect(await text(child.stderr)).toBe('');
    expect(await ended).toBe(0);
  });
});
