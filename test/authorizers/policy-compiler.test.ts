import { createCedar, type Cedar } from '../../src/authorizers/cedar.ts';
import { createPreparedDecider } from '../../src/authorizers/decider.ts';
import { createPolicyCompiler } from '../../src/authorizers/policy-compiler.ts';

const cedar = createCedar();

/** The module, and the texts that it was asked to read. */
function counting(): { readonly counted: Cedar; readonly read: string[] } {
  const read: string[] = [];
  const toJson = (text: string): unknown => {
    read.push(text);
    return cedar.toJson(text);
  };
  return { counted: { ...cedar, toJson }, read };
}

const policy = (name: string, size = 0): string =>
  `permit(principal, action, resource == Tool::"${name}");${size === 0 ? '' : ` // ${'x'.repeat(size)}`}`;

it('compiles each policy once, what can be run and what cannot', () => {
  const { counted, read } = counting();
  const compile = createPolicyCompiler(counted);
  expect(compile(policy('a'))).toBe(compile(policy('a')));
  expect(compile('permit(')).toBe(compile('permit('));
  expect(compile('permit(')).toHaveProperty('fault');
  expect(read.filter((text) => text === policy('a'))).toHaveLength(1);
});

it('asks for the judgement of the module only where it has to', () => {
  const judged: string[] = [];
  const judging: Cedar = {
    ...cedar,
    parse: (texts) => {
      judged.push(...texts);
      return cedar.parse(texts);
    },
  };
  const compile = createPolicyCompiler(judging);
  const long = 'permit(principal, action, resource) when { 9223372036854775807 == 1 };';
  const foreign = 'permit(principal, action == Foo::"a", resource);';
  for (const source of [policy('a'), 'permit(', long, foreign]) {
    compile(source);
  }
  expect(judged).toEqual(['permit(', long, foreign, 'permit(principal, action == Foo::Action::"a", resource);']);
});

it('keeps as much as there is room for', () => {
  const { counted, read } = counting();
  const compile = createPolicyCompiler(counted);
  const half = (name: string): string => policy(name, 1024 * 512).slice(0, 1024 * 512);
  for (const source of [half('a'), half('b'), half('a'), half('b')]) {
    compile(source);
  }
  expect(read).toHaveLength(2);
});

it('lets go of what was used longest ago where there is too much of it', () => {
  const { counted, read } = counting();
  const compile = createPolicyCompiler(counted);
  const large = ['a', 'b', 'c'].map((name) => policy(name, 400_000));
  for (const source of [large[0], large[1], large[0], large[2], large[0], large[1]]) {
    compile(source ?? '');
  }
  expect(read.map((text) => /"(\w)"/.exec(text)?.[1])).toEqual(['a', 'b', 'c', 'b']);
});

describe('while there is time', () => {
  const spec = (...policies: readonly string[]): { readonly type: string; readonly config: unknown } => ({
    type: 'cedarv1',
    config: { policies },
  });

  it('a config is compiled, and goes on where it ended', () => {
    const { counted, read } = counting();
    const { compile } = createPreparedDecider(counted);
    const config = spec(policy('a'), policy('b'), policy('c'));
    let left = 2;
    expect(compile(config, () => (left -= 1) >= 0)).toBe(false);
    expect(read).toHaveLength(2);
    expect(compile(config, () => true)).toBe(true);
    expect(read).toHaveLength(3);
  });

  it('one that is too long for one go is not', () => {
    const { compile } = createPreparedDecider(cedar);
    const long = policy('a', 64 * 1024);
    expect(compile(spec(long.slice(0, 64 * 1024)), () => true)).toBe(true);
    expect(compile(spec(long), () => true)).toBe(false);
  });

  it('one that nests too deep needs none', () => {
    const { compile } = createPreparedDecider(cedar);
    const deep = JSON.parse(`${'['.repeat(65)}${']'.repeat(65)}`) as unknown;
    expect(compile({ type: 'cedarv1', config: deep }, () => false)).toBe(true);
  });
});
