// Makes a checkout ready: dependencies, Node 24 and the build. Runs before the npm scripts on whatever Node the machine
// has (20 or newer), so it needs nothing but Node itself. Takes no time when there is nothing to do.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);

if (Number(process.versions.node.split('.')[0]) < 20) {
  process.stderr.write(`Node ${process.versions.node} is too old to set this up; install Node 20 or newer.\n`);
  process.exit(1);
}

function run(what, command, args) {
  process.stderr.write(`· ${what}\n`);
  const start = Date.now();
  const { status } = spawnSync(command, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (status !== 0) {
    process.stderr.write(`${what} failed: ${command} ${args.join(' ')}\n`);
    process.exit(1);
  }
  const seconds = (Date.now() - start) / 1000;
  if (seconds > 2) {
    process.stderr.write(`  ${seconds.toFixed(0)} s\n`);
  }
}

/** npm leaves a copy of what it installed; it lacks only what the lock file says of the project itself. */
function installed() {
  try {
    const packages = (file) => {
      const { '': _project, ...rest } = JSON.parse(readFileSync(file, 'utf8')).packages;
      return rest;
    };
    const [wanted, present] = [packages('package-lock.json'), packages('node_modules/.package-lock.json')];
    return Object.entries(wanted).every(
      ([name, entry]) => entry.optional || entry.devOptional || present[name]?.version === entry.version,
    );
  } catch {
    return false;
  }
}

function nodeWorks() {
  try {
    return execFileSync(join('node_modules', '.bin', 'node'), ['--version'], { encoding: 'utf8' }).startsWith('v24.');
  } catch {
    return false;
  }
}

function newest(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((time, entry) => Math.max(time, statSync(join(entry.parentPath ?? entry.path, entry.name)).mtimeMs), 0);
}

function built() {
  const inputs = Math.max(
    newest('src'),
    ...['package.json', 'tsconfig.json', 'tsconfig.build.json'].map((file) => statSync(file).mtimeMs),
  );
  return existsSync('dist/main.js') && statSync('dist/main.js').mtimeMs >= inputs;
}

if (!installed()) {
  run('installing the dependencies (npm ci)', 'npm', ['ci', '--no-audit', '--no-fund']);
}
if (!nodeWorks()) {
  // The package `node` fetches the binary of this platform in an install script, which npm may have been told to skip.
  run('installing Node 24 for the scripts', 'npm', ['rebuild', 'node', '--ignore-scripts=false']);
  if (!nodeWorks()) {
    process.stderr.write(
      'Node 24 could not be installed from the npm package "node"; allow its install script and run this again.\n',
    );
    process.exit(1);
  }
}
if (!built()) {
  run('building', 'npm', ['run', '--silent', 'build']);
}
