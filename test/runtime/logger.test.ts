/** What stands on standard output: of a process of its own, since lines are written when its turns end. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../../src/cli/playground/root.ts';
import type { LogLevel } from '../../src/runtime/logger.ts';

const LOGGER = JSON.stringify(join(projectRoot(), 'src/runtime/logger.ts'));

function lines(level: LogLevel, calls: string): readonly unknown[] {
  const program = `import { createLogger } from ${LOGGER}; const logger = createLogger('${level}'); ${calls}`;
  const run = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' });
  return run.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
}

it('writes a line of JSON: time, level and message first, then the fields as they were given', () => {
  const [line] = lines('info', `logger.info('admission', { uid: 'a', code: 200, reasons: ['x'], why: undefined });`);
  expect(Object.entries(line ?? {})).toEqual([
    ['timestamp', expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)],
    ['level', 'info'],
    ['message', 'admission'],
    ['uid', 'a'],
    ['code', 200],
    ['reasons', ['x']],
  ]);
});

it.each([
  ['error', ['error']],
  ['warn', ['error', 'warn']],
  ['info', ['error', 'warn', 'info']],
  ['debug', ['error', 'warn', 'info', 'debug']],
] as const)('at level %s writes %s', (level, written) => {
  const found = lines(level, `for (const each of ['error', 'warn', 'info', 'debug']) logger[each](each);`);
  expect(found).toEqual(written.map((each) => expect.objectContaining({ level: each, message: each }) as unknown));
});

it.each(['process.exit(3)', `throw new Error('crash')`])('loses nothing where the process ends by %s', (end) => {
  expect(lines('info', `logger.info('first'); logger.warn('second'); logger.info('third'); ${end}`)).toHaveLength(3);
});
