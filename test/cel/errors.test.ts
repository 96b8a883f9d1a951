/** Where an error is, what it says, and what is known of an expression. */
import { CelError, celErrorOf } from '../../src/cel/cel-error.ts';
import { compileCel, createCelCompiler, type CelVariables } from '../../src/cel/compile.ts';
import { celFault } from './support.ts';

function errorOf(source: string): CelError {
  try {
    compileCel(source, ['object']).evaluate({ object: {} });
  } catch (error) {
    if (error instanceof CelError) {
      return error;
    }
  }
  throw new Error('there was no CelError');
}

it.each([
  ['1 +', 'parse', 1, 4, '1 +\n   ^'],
  ['obj ect', 'parse', 1, 5, 'obj ect\n    ^'],
  ['true &&\n  nope', 'check', 2, 3, '  nope\n  ^'],
  ['true\n  && "a" == 1', 'check', 2, 6, '  && "a" == 1\n     ^'],
  ['\ttrue && nope', 'check', 1, 10, '\ttrue && nope\n\t        ^'],
  ['"é😀" == nope', 'check', 1, 10, '"é😀" == nope\n         ^'],
  ['object.a.b', 'evaluate', 1, 8, 'object.a.b\n       ^'],
  [`${'true && '.repeat(30)}nope`, 'check', 1, 241, `${'true && '.repeat(30).slice(181)}nope\n${' '.repeat(59)}^`],
])('%j', (source, stage, line, column, excerpt) => {
  const error = errorOf(source);
  expect(error).toMatchObject({ code: 'CEL', stage, line, column, excerpt });
  expect(error.message).not.toContain('\n');
});

it.each([
  [
    new RangeError('Maximum call stack size exceeded'),
    'cost',
    'the expression is too large: Maximum call stack size exceeded',
  ],
  [new RangeError('Invalid string length'), 'cost', 'the expression is too large: Invalid string length'],
  [new RangeError('Maximum BigInt size exceeded'), 'cost', 'the expression is too large: Maximum BigInt size exceeded'],
  [new RangeError('Invalid time zone specified: X'), 'evaluate', 'Invalid time zone specified: X'],
  [new Error('two\n  lines'), 'evaluate', 'two lines'],
  ['a text', 'evaluate', 'a text'],
])('%s is told as what it is', (thrown, stage, message) => {
  expect(celErrorOf(thrown, 'true', 'evaluate')).toMatchObject({ stage, message });
});

describe('types', () => {
  const variables: CelVariables = {
    request: { operation: 'string', userInfo: { username: 'string', groups: 'list<string>' } },
    'config?': { type: 'string', valid: 'bool', anything: 'dyn' },
    count: 'int',
    object: 'dyn',
  };
  const values = {
    request: { operation: 'CREATE', userInfo: { username: 'alice', groups: ['a'] } },
    config: { type: 'x', valid: true, anything: { deep: 1 } },
    count: 2,
    object: { name: 'a' },
  };
  const run = (source: string, expected?: string, given: object = values): unknown =>
    celFault(() =>
      createCelCompiler(variables)
        .compile(source, expected)
        .evaluate({ ...given }),
    );

  it.each<[string, unknown]>([
    ['request.operation == "CREATE"', true],
    ['request.userInfo.groups.exists(g, g == "a")', true],
    ['config == null', false],
    ['null != config && config.valid', true],
    ['has(config.type) && config.anything.deep == 1', true],
    ['[config.type, "b"]', ['x', 'b']],
    ['count + 1', 3n],
    ['config.type + object.name', 'xa'],
  ])('%s', (source, expected) => {
    expect(run(source)).toEqual(expected);
  });

  it.each<[string, unknown]>([
    ['config == null', true],
    ['config != null && config.valid', false],
    ['has(config.type)', false],
    ['config.valid', 'evaluate 1:8 No such key: valid'],
    ['config.?type.orValue("none")', 'none'],
  ])('%s, where it is null', (source, expected) => {
    expect(run(source, 'dyn', { ...values, config: null })).toEqual(expected);
  });

  it.each([
    ['request.operatio', 'check 1:9 No such key: operatio'],
    ['request.userInfo.grups', 'check 1:18 No such key: grups'],
    ['config.typ == "x"', 'check 1:8 No such key: typ'],
    ['true && has(config.typ)', 'check 1:20 No such key: typ'],
    ['config.type == 1', 'check 1:1 no such overload: string == int'],
    ['request == null', 'check 1:1 no such overload: $request == null'],
    ['config.valid + 1', 'check 1:1 no such overload: bool + int'],
    ['nothing', 'check 1:1 Unknown variable: nothing'],
    ['[object.name, 1]', "check 1:15 List elements must have the same type, expected type 'dyn' but found 'int'"],
  ])('%s is refused', (source, expected) => {
    expect(run(source)).toBe(expected);
  });

  it.each([
    ['1', 'bool', 'check 1:1 the expression must be of type bool, not int'],
    ['"a"', 'string', 'a'],
    ['object.name', 'bool', 'a'],
  ])('%s as %s', (source, type, expected) => {
    expect(run(source, type)).toBe(expected);
  });

  it('a compiler that knows more leaves the one it came from as it is', () => {
    const base = createCelCompiler(['object']);
    expect(base.with({ more: 'int' }).compile('more + 1').evaluate({ more: 1 })).toBe(2n);
    expect(celFault(() => base.compile('more'))).toBe('check 1:1 Unknown variable: more');
  });
});

it.each([
  ['request.userInfo.groups.size() > 0', ['request', 'request.userInfo', 'request.userInfo.groups']],
  ['object.items.all(request, request.x)', ['object', 'object.items']],
  ['has(object.a) && object.?b.hasValue()', ['object', 'object.a', 'object.b']],
  ['object["a"].b', ['object']],
  ['true', []],
])('%s mentions %j', (source, mentions) => {
  expect([...compileCel(source, ['request', 'object']).mentions].sort()).toEqual(mentions);
});
