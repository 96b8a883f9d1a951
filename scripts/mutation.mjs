// npm run mutation [-- GROUP...]: changes the sources of rules, authorizers and engine one place at a time, and tells
// which changes no test notices. The tool has a package of its own, test/mutation, which this installs; it runs alone and
// takes its time: docs/development.md says how long, and how the groups fared last.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { GROUPS } from '../test/mutation/groups.ts';

const TOOL = 'test/mutation/node_modules/@stryker-mutator/core/bin/stryker.js';
const selected = process.argv.slice(2);
const names = Object.keys(GROUPS);
const unknown = selected.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`No group "${unknown.join('", "')}"; there are ${names.join(', ')}.\n`);
  process.exit(1);
}

function run(command, args, group) {
  const env = { ...process.env, MUTATION_GROUP: group };
  const { status } = spawnSync(command, args, { stdio: 'inherit', env });
  if (status !== 0) {
    process.exit(status ?? 1);
  }
}

if (!existsSync(TOOL)) {
  run('npm', ['ci', '--prefix', 'test/mutation', '--ignore-scripts', '--no-audit', '--no-fund']);
}
const groups = selected.length === 0 ? names : selected;
for (const group of groups) {
  run(process.execPath, [TOOL, 'run', 'test/mutation/stryker.config.mjs'], group);
}

/** Found: a test failed, or the program no longer ended. */
const FOUND = ['Killed', 'Timeout'];
const MISSED = ['Survived', 'NoCoverage'];
for (const group of groups) {
  const report = JSON.parse(readFileSync(`reports/mutation/${group}.json`, 'utf8'));
  const states = Object.values(report.files).flatMap(({ mutants }) => mutants.map(({ status }) => status));
  const [found, missed] = [FOUND, MISSED].map((set) => states.filter((status) => set.includes(status)).length);
  process.stdout.write(
    `${group}: ${String(found)} of ${String(found + missed)} found, ${((100 * found) / (found + missed)).toFixed(1)} %\n`,
  );
}
