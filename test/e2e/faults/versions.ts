/** Another version of ours beside this one: it serves with it, leads before it, and is replaced by it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { projectRoot } from '../../../src/cli/playground/root.ts';
import { eventually } from '../cluster.ts';
import { KINDS } from '../objects.ts';
import type { Program } from '../replicas.ts';
import { FLAGS, join, leave, NOTHING_LOST, suffer, type World } from './world.ts';

/** The first one that had everything which these tests look at. */
const OLDER = 'ffd7318';

/** The sources of that commit, which Node runs as they are; undefined where the history is not there (a shallow clone). */
function olderVersion(folder: string): string | undefined {
  const root = projectRoot();
  try {
    const sources = execFileSync('git', ['archive', OLDER, 'src', 'package.json', 'webhooks'], {
      ...{ cwd: root, stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 64 * 1024 * 1024 },
    });
    execFileSync('tar', ['-x', '-C', folder], { input: sources });
  } catch {
    return undefined;
  }
  symlinkSync(path(root, 'node_modules'), path(folder, 'node_modules'));
  mkdirSync(path(folder, 'dist'));
  writeFileSync(path(folder, 'dist/main.js'), "import '../src/main.ts';\n");
  return folder;
}

export function versionFaults(world: () => World): void {
  const folder = mkdtempSync(path(tmpdir(), 'mcp-authz-older-'));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('beside an older one: they agree, whoever leads, and replacing it loses nothing', async () => {
    const root = olderVersion(folder);
    const program: Partial<Program> = root === undefined ? {} : { root };
    // Without the history this is honest about being one version with other settings.
    const flags = root === undefined ? [...FLAGS, '--missing-reference', 'Deny'] : FLAGS;
    const { cluster, api, replicas } = world();
    const report = await suffer(world(), {
      name: 'two versions together',
      about: { older: root === undefined ? 'this build with other settings' : OLDER },
      apiServerAnswers: true,
      begin: async () => {
        const ours = [...replicas];
        replicas.push(await cluster.join(flags, program));
        await leave(world(), ...ours); // so that the older one leads
      },
      during: async (namespace) => {
        await join(world()); // and this one serves beside it
        const versions = async (): Promise<string> => {
          const lists = [{ resource: 'mcpauthzconfigs' }, ...KINDS].map(({ resource }) =>
            api.list(namespace, resource),
          );
          return JSON.stringify((await Promise.all(lists)).flat().map(({ metadata }) => metadata.resourceVersion));
        };
        let [last, since] = ['', performance.now()];
        await eventually('nothing is written to and fro for 2 s', async () => {
          const now = await versions();
          since = now === last ? since : performance.now();
          last = now;
          return performance.now() > since + 2000;
        });
      },
      end: async () => {
        await join(world());
        const [older] = replicas;
        if (older !== undefined) {
          await leave(world(), older);
        }
      },
    });
    expect(report).toMatchObject(NOTHING_LOST);
  });
}
