/** Any text as a policy, any JSON as a config: there is always an answer, and the module stays in order. */
import fc from 'fast-check';
import { analyze, createCedar } from '../../src/authorizers/index.ts';

const cedar = createCedar();
const PERMIT = 'permit(principal, action, resource);';

function problems(policy: unknown): readonly string[] {
  const analysis = analyze({ type: 'cedarv1', config: { policies: [policy] } }, cedar);
  return analysis.problems.map(({ reason, message }) => `${reason}: ${message}`);
}

describe('whatever it is given', () => {
  const token = fc.constantFrom(
    ...'permit forbid ( ) { } [ ] , ; :: . == != < <= in like has is if then else when unless && || ! - + * @ ?principal'.split(
      ' ',
    ),
    'principal',
    'action',
    'resource',
    'context',
    'Tool::"x"',
    '"a\\u{1F600}"',
    '1',
    'true',
    '// c\n',
    '/*',
    '*/',
    '\u2028',
    '\ud800',
  );
  const soup = fc.array(token, { maxLength: 40 }).map((tokens) => tokens.join(' '));

  it('it answers, and keeps on answering', () => {
    fc.assert(
      fc.property(fc.oneof(soup, fc.string({ unit: 'binary', maxLength: 60 })), (policy) => {
        const first = problems(policy);
        expect(problems(policy)).toEqual(first);
        expect(problems(PERMIT)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('so it does with any JSON as a config, of any type', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('cedarv1', 'httpv1', '', 'constructor'),
        fc.jsonValue({ maxDepth: 6 }),
        (type, config) => {
          const { problems: found, advice, rendering } = analyze({ type, config }, cedar);
          expect(found.length + advice.length + (rendering?.hash.length ?? 0)).toBeGreaterThan(0);
          expect(
            [...found, ...advice].every(({ path, reason }) => path.startsWith('spec') && /^[A-Z]\w+$/.test(reason)),
          ).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});
