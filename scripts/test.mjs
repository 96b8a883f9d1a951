// Runs every suite and ends with one line that adds them up. The end-to-end suite runs with the project's own CRDs, and
// once more with those in MCP_AUTHZ_CRDS where that names a folder; what does not depend on CRDs runs once.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const { MCP_AUTHZ_CRDS: otherCrds, ...environment } = process.env;
const folder = mkdtempSync(join(tmpdir(), 'mcp-authz-test-'));
const total = { passed: 0, failed: 0, broken: 0 };

function run(title, args, env) {
  process.stderr.write(`\n== ${title}\n`);
  const output = join(folder, `${title.replaceAll(/\W+/g, '-')}.json`);
  const { status } = spawnSync(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      'node_modules/jest/bin/jest.js',
      '--json',
      `--outputFile=${output}`,
      ...args,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'], env },
  );
  try {
    const result = JSON.parse(readFileSync(output, 'utf8'));
    total.passed += result.numPassedTests;
    // A suite that could not even load has no failed test of its own, and must still count.
    total.failed += result.numFailedTests + result.numRuntimeErrorTestSuites + result.numPendingTests;
  } catch {
    total.failed += 1;
  }
  if (status !== 0 && total.failed === 0) {
    total.failed += 1;
  }
}

const selected = process.argv.slice(2);

/** Where the end-to-end suite leaves logs, events, metrics and audit, to be searched for secrets at the end. */
const output = join(folder, 'output');
const kept = { ...environment, MCP_AUTHZ_E2E_OUTPUT: output };

/** About connections, certificates and processes: the kinds that are watched or served play no part. */
const ANY_CRDS = [
  ...['benchmarks', 'certificates', 'chart', 'faults', 'kustomize', 'lease', 'nobody-gets-in/\\w+', 'older-crds'],
  ...['package', 'permissions', 'planted', 'replicas', 'rolling', 'watch-cache', 'write'],
];
const IGNORED = ['/node_modules/', ...ANY_CRDS.map((name) => `test/e2e/${name}.test`)];

/** Their tests run every line of them, or the run fails (jest.config.js); `npm run coverage` shows which is missed. */
const MEASURED = 'test/(rules|authorizers|engine)/';

if (selected.length === 0) {
  const measured = ['--coverage', '--selectProjects=unit', `--testPathPatterns=${MEASURED}`];
  run('rules, authorizers and engine', measured, environment);
  const others = ['--selectProjects', 'unit', 'contract', '--testPathPatterns', `^(?!.*${MEASURED})`];
  run('unit and contract', others, environment);
} else {
  run('unit and contract', ['--selectProjects', 'unit', 'contract', ...selected], environment);
}
run('torture, short form', ['--selectProjects', 'torture', ...selected], environment);
run('end to end, own CRDs', ['--selectProjects', 'e2e', ...selected], kept);
if (otherCrds !== undefined && otherCrds !== '') {
  const args = [
    '--selectProjects=e2e',
    ...IGNORED.map((pattern) => `--testPathIgnorePatterns=${pattern}`),
    ...selected,
  ];
  run('end to end, CRDs of MCP_AUTHZ_CRDS', args, { ...kept, MCP_AUTHZ_CRDS: otherCrds });
}
if (selected.length === 0) {
  run('what the end-to-end suite has left', ['--selectProjects=output'], kept);
}
rmSync(folder, { recursive: true, force: true });
process.stdout.write(`\n${String(total.passed)} passed, ${String(total.failed)} failed\n`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
