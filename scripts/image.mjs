// Assembles what is in the container image, /app, below a folder: the build and the packages that it needs at run time. The
// Dockerfile and the test of the image both call it, so that they cannot disagree. usage: node scripts/image.mjs FOLDER
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import process from 'node:process';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('usage: node scripts/image.mjs FOLDER\n');
  process.exit(2);
}

/** Read by people and compilers only; a third of what is installed. */
const NOT_NEEDED = /(\.d\.[cm]?ts|\.map|\.md|\.tsbuildinfo)$/;

const app = join(folder, 'app');
const wanted = (path) => !NOT_NEEDED.test(path);

mkdirSync(app, { recursive: true });
for (const file of ['package.json', 'LICENSE']) {
  cpSync(file, join(app, file));
}
cpSync('dist', join(app, 'dist'), { recursive: true, filter: wanted });

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
for (const [path, { dev, devOptional, optional }] of Object.entries(packages)) {
  if (path === '' || dev === true || devOptional === true || optional === true) {
    continue;
  }
  cpSync(path, join(app, path), {
    recursive: true,
    dereference: true,
    // A package below it has an entry of its own, or is none of ours.
    filter: (source) => wanted(source) && (source === path || basename(source) !== 'node_modules'),
  });
}
