// npm run sbom: a CycloneDX bill of materials of what is installed with the package, on stdout.
// `npm sbom --omit dev` leaves out whatever development needs as well, our own dependencies among it. So it is asked about
// a copy of package.json and lock file in which development does not occur.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lock, runtimePackages } from './runtime-packages.mjs';

const {
  devDependencies: _development,
  scripts: _scripts,
  ...content
} = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const { devDependencies: _locked, ...root } = lock.packages[''];
const parent = mkdtempSync(join(tmpdir(), 'mcp-authz-sbom-'));
// npm calls the product as its folder is called.
const folder = join(parent, content.name);
try {
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify(content));
  writeFileSync(
    join(folder, 'package-lock.json'),
    JSON.stringify({ ...lock, packages: { '': root, ...runtimePackages } }),
  );
  const args = ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx', '--sbom-type', 'application'];
  process.stdout.write(execFileSync('npm', args, { cwd: folder, maxBuffer: 64 * 1024 * 1024 }));
} finally {
  rmSync(parent, { recursive: true });
}
