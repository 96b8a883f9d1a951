/** Files on a real disk, changed as an editor and as the kubelet change them; only the clock is ours. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRuleFiles } from '../../src/custom-rules/files.ts';
import { createCustomRuleSource, CustomRuleError, loadCustomRules } from '../../src/custom-rules/source.ts';
import { ruleText } from './support.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mcp-authz-custom-rules-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const path = (name: string): string => join(folder, name);
const write = (name: string, text: string): void => {
  writeFileSync(path(name), text);
};

/** Without our folder; and errors of the file system are of another realm than jest's, so their name comes along. */
const plain = (text: string): string => text.replaceAll(folder, '').replaceAll('Error: ENOENT', 'ENOENT');

interface Running {
  readonly ids: () => readonly string[];
  /** What the timer does. */
  readonly tick: () => void;
  readonly log: readonly string[];
  readonly results: readonly string[];
  readonly stopped: () => boolean;
  readonly stop: () => void;
}

function start(...paths: readonly string[]): Running {
  const log: string[] = [];
  const results: string[] = [];
  let tick = (): void => undefined;
  let stopped = false;
  const say = (level: string) => (message: string, fields: object) => {
    log.push(`${level} ${message} ${plain(JSON.stringify(fields))}`);
  };
  const source = createCustomRuleSource(
    { paths, reserved: ['reference'] },
    {
      read: readRuleFiles,
      every: (_milliseconds, run) => {
        tick = run;
        return () => {
          stopped = true;
        };
      },
      logger: { info: say('info'), error: say('error') },
      reloaded: (result) => results.push(result),
    },
  );
  return {
    ids: () => [...new Set(source.rules().map(({ id }) => id))],
    tick: () => {
      tick();
    },
    log,
    results,
    stopped: () => stopped,
    stop: source.stop,
  };
}

it('nothing to read is no rules and no timer', () => {
  const running = start();
  expect([running.ids(), running.log]).toEqual([[], []]);
  running.stop();
  expect(running.stopped()).toBe(false);
});

describe('the start', () => {
  it('reads files and folders, each once, sorted; of a folder what ends in .yaml, .yml or .json', () => {
    mkdirSync(path('rules'));
    mkdirSync(path('rules/deeper.yaml'));
    write('rules/b.yaml', ruleText({}, 'b'));
    write('rules/a.yml', ruleText({}, 'a'));
    write('rules/c.json', JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', data: { x: ruleText({}, 'c') } }));
    write('rules/.hidden.yaml', 'nonsense');
    write('rules/README.md', 'nonsense');
    write('one.txt', ruleText({}, 'one'));
    const running = start(path('rules'), path('one.txt'));
    expect(running.ids()).toEqual(['a', 'b', 'c', 'one']);
    expect(running.log).toEqual(['info custom rules loaded {"rules":4}']);
  });

  it('is stopped by all faults of all files', () => {
    write('a.yaml', ruleText({ validations: [{ expression: 'nope' }] }));
    write('b.yaml', ruleText({}, 'reference'));
    const attempt = (): string => {
      try {
        start(path('a.yaml'), path('b.yaml'), path('gone.yaml'));
      } catch (error) {
        return error instanceof CustomRuleError ? `${error.code}: ${plain(error.message)}` : 'something else';
      }
      return 'started';
    };
    expect(attempt()).toBe(`INVALID_CUSTOM_RULES: the custom rules are not usable:
/gone.yaml:1:1: cannot be read: ENOENT: no such file or directory, stat '/gone.yaml'
/a.yaml:17:19: spec.validations[0].expression: Unknown variable: nope
    - expression: nope
                  ^
/b.yaml:4:9: metadata.name: "reference" is a built-in rule
  name: reference
        ^`);
  });

  it('is the same for whoever reads once', () => {
    write('a.yaml', ruleText());
    expect(loadCustomRules({ paths: [path('a.yaml')], reserved: [] }, readRuleFiles)).toHaveLength(2);
    expect(() => loadCustomRules({ paths: [path('a.yaml')], reserved: ['mine'] }, readRuleFiles)).toThrow(
      'is a built-in rule',
    );
  });
});

describe('a change', () => {
  it('is taken over whole, when it can be compiled', () => {
    write('a.yaml', ruleText({}, 'one'));
    const running = start(path('a.yaml'));
    const before = running.ids();
    running.tick();
    write('a.yaml', `${ruleText({}, 'one')}---\n${ruleText({}, 'two')}`);
    running.tick();
    running.tick();
    expect([before, running.ids(), running.results]).toEqual([['one'], ['one', 'two'], ['success']]);
    expect(running.log).toEqual(['info custom rules loaded {"rules":1}', 'info custom rules reloaded {"rules":2}']);
  });

  it('that cannot leaves the rules before in force, and is told once, with its place', () => {
    write('a.yaml', ruleText({}, 'one'));
    const running = start(path('a.yaml'));
    write('a.yaml', ruleText({ validations: [{ expression: 'nope' }], action: 'x' }, 'two'));
    running.tick();
    running.tick();
    expect([running.ids(), running.results]).toEqual([['one'], ['failure']]);
    expect(running.log.slice(1)).toEqual([
      'error custom rules not reloaded, the ones before stay in force {"file":"/a.yaml","line":17,"column":19,"error":"spec.validations[0].expression: Unknown variable: nope"}',
      'error custom rules not reloaded, the ones before stay in force {"file":"/a.yaml","line":18,"column":11,"error":"spec.action: \\"x\\" is not one of Deny, Warn, Audit"}',
    ]);
    write('a.yaml', ruleText({}, 'three'));
    running.tick();
    expect([running.ids(), running.results]).toEqual([['three'], ['failure', 'success']]);
  });

  it('that takes the file away does not take the rules', () => {
    write('a.yaml', ruleText({}, 'one'));
    const running = start(path('a.yaml'));
    unlinkSync(path('a.yaml'));
    running.tick();
    running.tick();
    expect([running.ids(), running.results]).toEqual([['one'], ['failure']]);
    expect(running.log.slice(1)).toEqual([
      'error custom rules not reloaded, the ones before stay in force {"file":"/a.yaml","line":1,"column":1,"error":"cannot be read: ENOENT: no such file or directory, stat \'/a.yaml\'"}',
    ]);
  });

  it('by rename, as editors write, is seen', () => {
    write('a.yaml', ruleText({}, 'one'));
    const running = start(path('a.yaml'));
    write('a.yaml.new', ruleText({}, 'two'));
    renameSync(path('a.yaml.new'), path('a.yaml'));
    running.tick();
    expect(running.ids()).toEqual(['two']);
  });

  it('of a folder that is emptied means no rules', () => {
    mkdirSync(path('rules'));
    write('rules/a.yaml', ruleText());
    const running = start(path('rules'));
    unlinkSync(path('rules/a.yaml'));
    running.tick();
    expect([running.ids(), running.results]).toEqual([[], ['success']]);
  });
});

/** As the kubelet writes a ConfigMap: a folder for each version, a link to the latest, and links through it. */
function publish(version: string, files: Readonly<Record<string, string>>): void {
  const mount = path('mount');
  mkdirSync(join(mount, version), { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(mount, version, name), text);
  }
  symlinkSync(version, join(mount, '..data_tmp'));
  renameSync(join(mount, '..data_tmp'), join(mount, '..data'));
  for (const name of Object.keys(files).filter((file) => !readdirSync(mount).includes(file))) {
    symlinkSync(join('..data', name), join(mount, name));
  }
}

it('a mounted ConfigMap is read at one version, and again when the kubelet swaps it', () => {
  publish('..2026_1', { 'a.yaml': ruleText({}, 'one'), 'b.yaml': ruleText({}, 'two') });
  const running = start(path('mount'));
  expect(running.ids()).toEqual(['one', 'two']);
  publish('..2026_2', { 'a.yaml': ruleText({}, 'three'), 'c.yaml': ruleText({}, 'four') });
  running.tick();
  expect(running.ids()).toEqual(['three', 'four']);
  // b.yaml now leads nowhere; the kubelet removes it a moment later.
  publish('..2026_3', { 'a.yaml': 'nonsense' });
  running.tick();
  expect([running.ids(), running.results]).toEqual([
    ['three', 'four'],
    ['success', 'failure'],
  ]);
  expect(running.log.at(-1)).toContain('"file":"/mount/a.yaml","line":1,"column":1');
});

it('a link that is given as a file is followed to where it leads', () => {
  publish('..1', { 'a.yaml': ruleText({}, 'one') });
  const running = start(path('mount/a.yaml'));
  publish('..2', { 'a.yaml': ruleText({}, 'two') });
  running.tick();
  expect(running.ids()).toEqual(['two']);
});

it('stopping ends the timer', () => {
  write('a.yaml', ruleText());
  const running = start(path('a.yaml'));
  running.stop();
  expect(running.stopped()).toBe(true);
});
