/** What `npm pack` puts into the package: what runs, what is installed with it, what explains it, and nothing else. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './lock-file.ts';

/** Files of a folder of the project, by their path in it. */
function filesIn(folder: string, wanted: (path: string) => boolean = () => true): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1))
    .filter(wanted);
}

it('is exactly this', () => {
  // Its "prepare" script builds; the build is there already, and is what is looked at.
  const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const [packed] = Object.values(
    JSON.parse(output) as Record<string, { readonly files: readonly { readonly path: string }[] }>,
  );
  expect(packed?.files.map(({ path }) => path).sort()).toEqual(
    [
      'LICENSE',
      'README.md',
      'package.json',
      ...filesIn('src', (path) => path.endsWith('.ts') && !path.endsWith('.d.ts')).map((path) =>
        path.replace(/^src/, 'dist').replace(/ts$/, 'js'),
      ),
      ...filesIn('webhooks'),
      ...filesIn('certs', (path) => !path.endsWith('.gitignore')),
      ...filesIn('charts'),
      ...filesIn('docs', (path) => !path.startsWith('docs/adr/')),
    ].sort(),
  );
});
