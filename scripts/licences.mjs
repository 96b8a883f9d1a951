// Writes docs/licences.md from the lock file, as a part of `npm run generate`.
import { writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { runtimePackages } from './runtime-packages.mjs';

const FILE = new URL('../docs/licences.md', import.meta.url);

const HEAD = `# Licences

What is installed with the package and in the image, by its place below \`node_modules\`. \`npm run generate\` writes this from
the lock file; a test refuses any licence that is not one of those below. [adr/0034](adr/0034-supply-chain.md) says which are
taken, and why.

| package | version | licence |
| --- | --- | --- |
`;

export async function writeLicences() {
  const rows = Object.entries(runtimePackages).map(
    ([path, { version, license }]) => `| ${path.replace(/^node_modules\//, '')} | ${version} | ${license} |`,
  );
  const text = `${HEAD}${rows.join('\n')}\n`;
  writeFileSync(FILE, await format(text, { ...(await resolveConfig(FILE)), parser: 'markdown' }));
}
