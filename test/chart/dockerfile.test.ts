/** What a linter of Dockerfiles would say, and that image, build and chart mean the same places. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { helmPath, render } from '../support/helm.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');

/** Instruction and the rest, with continued lines joined and comments gone. */
const instructions = read('Dockerfile')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll(/\\\n\s*/g, ' ')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line): readonly [string, string] => {
    const [, name = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
    return [name, rest];
  });
const all = (name: string): readonly string[] => instructions.flatMap(([key, rest]) => (key === name ? [rest] : []));
const lastStage = instructions.slice(instructions.findLastIndex(([name]) => name === 'FROM'));
const inLastStage = (name: string): readonly string[] =>
  lastStage.flatMap(([key, rest]) => (key === name ? [rest] : []));

beforeAll(helmPath, 120_000);

describe('Dockerfile', () => {
  it('knows only instructions that need no second look', () => {
    const plain = ['FROM', 'WORKDIR', 'COPY', 'RUN', 'LABEL', 'ENV', 'USER', 'EXPOSE', 'ENTRYPOINT', 'CMD'];
    expect(instructions.map(([name]) => name).filter((name) => !plain.includes(name))).toEqual([]);
  });

  it('pins every base by tag and digest', () => {
    expect(all('FROM')).toHaveLength(2);
    for (const base of all('FROM')) {
      expect(base).toMatch(/^[-./\w]+:[-.\w]+@sha256:[0-9a-f]{64}( AS \w+)?$/);
    }
  });

  it('ends with a base without a shell, where nothing is run, as a user that is not root by number', () => {
    expect(inLastStage('FROM')[0]).toMatch(/^gcr\.io\/distroless\/nodejs24-/);
    expect(inLastStage('RUN')).toEqual([]);
    expect(inLastStage('USER')).toEqual(['65532:65532']);
  });

  it('installs exactly what is locked, without scripts of packages', () => {
    expect(all('RUN').filter((command) => /\bnpm\b/.test(command))).toEqual(['npm ci --ignore-scripts']);
    expect(all('RUN').join('\n')).not.toMatch(/\b(curl|wget|apt-get|sudo|latest)\b/);
  });

  it('copies what is there and what .dockerignore lets through', () => {
    const open = read('.dockerignore')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
    const sources = all('COPY')
      .filter((rest) => !rest.startsWith('--from'))
      .flatMap((rest) => rest.split(' ').slice(0, -1));
    expect([...sources].sort()).toEqual([...open].sort());
    expect(sources.filter((source) => !existsSync(join(ROOT, source)))).toEqual([]);
  });

  it('starts what the chart asks for, under the ports and the user of the chart', () => {
    const entrypoint = JSON.parse(inLastStage('ENTRYPOINT')[0] ?? '') as readonly string[];
    const text = JSON.stringify(render());
    expect(text).toContain(`"command":[${entrypoint.map((part) => `"${part}"`).join(',')},"sleep","10"]`);
    expect(text).toContain(`"command":["${entrypoint[0] ?? ''}","--eval"`);
    expect(text).toContain(`"${entrypoint[1] ?? ''}","cleanup"`);
    expect(text).toContain('"runAsUser":65532');
    for (const port of inLastStage('EXPOSE')[0]?.split(' ') ?? ['none']) {
      expect(text).toContain(`"containerPort":${port}`);
    }
  });
});
