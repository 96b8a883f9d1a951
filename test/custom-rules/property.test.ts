/** Whatever is written in a file of rules, and whatever is asked of them: an answer comes, and the same one again. */
import fc from 'fast-check';
import { createCelCompiler } from '../../src/cel/compile.ts';
import { CelError } from '../../src/cel/cel-error.ts';
import { compileCustomRules } from '../../src/custom-rules/compile.ts';
import { VARIABLES } from '../../src/custom-rules/facts.ts';
import { clusterWorld } from '../support/cluster-world.ts';
import { evaluate, queriesOf } from '../support/evaluation.ts';
import { config, create, remove, server, update } from '../support/objects.ts';
import { HEAD, ruleText } from './support.ts';

const WORDS = [
  'object',
  'oldObject',
  'request',
  'authzConfig',
  'namespaceObject',
  'variables',
  '.metadata',
  '.spec',
  '.labels',
  '.x',
  '.?x',
  '[0]',
  '[?"a"]',
  '["a"]',
  '.type',
  '.config',
  '.policies',
  '.operation',
  'null',
  'true',
  'false',
  '1',
  '-1',
  '2u',
  '1.5',
  '"a"',
  "'b'",
  'b"c"',
  '[]',
  '{}',
  '[1, 2]',
  '{"a": 1}',
  ' == ',
  ' != ',
  ' + ',
  ' - ',
  ' * ',
  ' / ',
  ' % ',
  ' < ',
  ' >= ',
  ' && ',
  ' || ',
  ' in ',
  '!',
  '-',
  ' ? ',
  ' : ',
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
  ',',
  '.',
  '?',
  'has(',
  'size(',
  'string(',
  'int(',
  'duration(',
  'timestamp(',
  'quantity(',
  'url(',
  'type(',
  'dyn(',
  '.all(x, ',
  '.exists(x, ',
  '.map(x, ',
  '.filter(x, ',
  'x',
  '.matches("a+")',
  '.find("[")',
  '.split(",")',
  '.join()',
  '.orValue(',
  '.hasValue()',
  '.replace("", ',
  '.sum()',
  'cel.bind(x, ',
  '\n',
  '\t',
  '//',
  '😀',
  '\u0000',
  '\\',
  '"',
  "'",
  '`',
  'constructor',
  '__proto__',
];

/** Mostly words of the language in any order, now and then anything. */
const soup = fc.oneof(
  { weight: 9, arbitrary: fc.array(fc.constantFrom(...WORDS), { maxLength: 14 }).map((words) => words.join('')) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
);

const NAMES = ['object', 'oldObject', 'request', 'authzConfig', 'namespaceObject'];
const VALUES = [
  {},
  { object: server(), oldObject: null, request: {}, authzConfig: null, namespaceObject: null },
  {
    object: config(),
    oldObject: config(),
    request: { operation: 'X' },
    authzConfig: { type: 'cedarv1', config: { policies: ['a'] } },
    namespaceObject: { metadata: {} },
  },
];

it('an expression compiles and runs, or fails with a CelError that points into it', () => {
  const typed = createCelCompiler(VARIABLES);
  const untyped = createCelCompiler(NAMES);
  fc.assert(
    fc.property(soup, fc.constantFrom(...VALUES), fc.boolean(), (source, values, isTyped) => {
      try {
        (isTyped ? typed : untyped).compile(source).evaluate(values);
      } catch (error) {
        if (!(error instanceof CelError)) {
          throw error;
        }
        expect(error.offset).toBeGreaterThanOrEqual(0);
        expect(error.offset).toBeLessThanOrEqual(source.length);
        expect(error.message).not.toMatch(/[\r\n!]\(|\n/);
        expect(error.excerpt.split('\n')).toHaveLength(2);
      }
    }),
    { numRuns: 3000 },
  );
});

const INPUTS = [create(server()), create(config()), update(config(), config({ type: 'x' })), remove(config())];

it('a rule of any expressions is refused with places in its file, or answers every request without throwing', () => {
  const parts = fc.record({
    condition: soup,
    variable: soup,
    expression: fc.oneof(
      soup,
      soup.map((text) => `${text} == ${text}`),
      soup.map((text) => `variables.v == null || ${text} != null`),
    ),
    message: soup,
  });
  fc.assert(
    fc.property(parts, ({ condition, variable, expression, message }) => {
      const text = ruleText({
        matchConditions: [
          { name: 'c', expression: condition },
          { name: 'd', expression: 'true' },
        ],
        variables: [{ name: 'v', expression: variable }],
        validations: [
          { expression, messageExpression: message, message: 'm' },
          { expression: 'false', message: 'n' },
        ],
      });
      const result = compileCustomRules([{ name: 'f', text }]);
      if ('faults' in result) {
        const lines = text.split('\n');
        for (const { line, column, excerpt } of result.faults) {
          expect(line).toBeLessThanOrEqual(lines.length);
          expect(column).toBeLessThanOrEqual((lines[line - 1] ?? '').length + 1);
          expect(excerpt).toContain('^');
        }
        return;
      }
      for (const input of INPUTS) {
        const run = (): unknown => evaluate(result.rules, input, clusterWorld([])(queriesOf(result.rules, input)));
        expect(run()).toMatchObject({ failures: [] });
        expect(run()).toEqual(run());
      }
    }),
    { numRuns: 500 },
  );
});

it('a file of anything is refused or read, and never throws', () => {
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string({ maxLength: 12 }),
      fc.constantFrom(null, true, 1, '*', 'CREATE', 'mcpservers'),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(
        fc.constantFrom(
          'spec',
          'metadata',
          'name',
          'matchConstraints',
          'resourceRules',
          'validations',
          'expression',
          'matchLabels',
          'data',
          'x',
        ),
        tie('value'),
        { maxKeys: 4 },
      ),
    ),
  })).value;
  const file = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 80 }),
    value.map((content) => JSON.stringify(content)),
    value.map((content) => `${HEAD}metadata: { name: a }\nspec: ${JSON.stringify(content)}`),
    value.map((content) => `kind: ConfigMap\napiVersion: v1\ndata: ${JSON.stringify(content)}`),
    fc
      .array(
        fc.constantFrom(
          '- ',
          'a: ',
          '&x ',
          '*x',
          '[',
          ']',
          '{',
          '}',
          '"',
          "'",
          '|',
          '>',
          '\n',
          '  ',
          '---\n',
          '<<: ',
          '!t ',
          '#',
          'kind: CustomRule\n',
        ),
        { maxLength: 20 },
      )
      .map((words) => words.join('')),
  );
  fc.assert(
    fc.property(file, (text) => {
      const result = compileCustomRules([{ name: 'f', text }]);
      expect('faults' in result ? result.faults.length : 1).toBeGreaterThan(0);
    }),
    { numRuns: 1500 },
  );
});
