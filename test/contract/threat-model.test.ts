/** docs/threat-model.md: all threats of the paper are there, and every test that is named for one exists. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
/** In the paper by Kubernetes SIG Security. */
const THREATS = 18;

const [, ...sections] = readFileSync(join(ROOT, 'docs/threat-model.md'), 'utf8').split(/^## /m);

interface NamedTest {
  readonly file: string;
  readonly title: string;
}

function namedTests(section: string): readonly NamedTest[] {
  const items = section.split(/^- /m).slice(1);
  return items.map((item) => {
    const [, file = '', title = ''] = /^`(test\/[^`]+)`: (.+)$/s.exec(item.replaceAll(/\s*\n\s*/g, ' ').trim()) ?? [];
    return { file, title };
  });
}

it('has a section for each threat of the paper, and one for what is ours besides', () => {
  expect(sections.map((section) => /^(\d+): /.exec(section)?.[1] ?? 'ours')).toEqual([
    ...Array.from({ length: THREATS }, (_threat, index) => String(index + 1)),
    'ours',
  ]);
});

describe.each(sections.map((section) => [section.split('\n')[0] ?? '', section] as const))('%s', (_title, section) => {
  it('names tests that exist', () => {
    const named = namedTests(section);
    expect(named.length).toBeGreaterThan(0);
    const missing = named.filter(
      ({ file, title }) =>
        title === '' || !existsSync(join(ROOT, file)) || !titlesOf(readFileSync(join(ROOT, file), 'utf8')).has(title),
    );
    expect(missing).toEqual([]);
  });
});

/** Every text of a test file that may be the title of a test, or the first column of a table of them. */
function titlesOf(source: string): ReadonlySet<string> {
  return new Set(
    [...source.matchAll(/'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`/g)].map(
      ([, single, double, template]) =>
        (single ?? double ?? template?.replaceAll(/\$\{[^}]*\}/g, '…') ?? '').replaceAll(/\\(['"`])/g, '$1'),
    ),
  );
}
