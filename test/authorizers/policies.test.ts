/**
 * What cedar-go 1.8 takes and refuses, one string a policy (measured with cedar-go itself), and what is refused beyond:
 * whatever stands behind the first policy, and what would poison the Cedar module.
 */
import { analyze, createCedar } from '../../src/authorizers/index.ts';

const cedar = createCedar();
const HEAD = 'permit(principal, action, resource)';
const PERMIT = `${HEAD};`;

function problems(policy: unknown): readonly string[] {
  const analysis = analyze({ type: 'cedarv1', config: { policies: [policy] } }, cedar);
  return analysis.problems.map(({ reason, message }) => `${reason}: ${message}`);
}

describe('the proxy takes, and so do we', () => {
  it.each([
    PERMIT,
    'permit(principal is Client, action, resource is Tool);',
    `@id("p1") ${PERMIT}`,
    `${HEAD} when { principal has claim_a.b };`,
    `${HEAD} when { principal.hasTag("x") };`,
    `${HEAD} when { principal.role in ["developer", "operator"] };`,
    `${HEAD} when { context.d == datetime("2024-01-01") };`,
    `${HEAD} when { [1,2].isEmpty() };`,
    'permit(principal, action == Foo::"call_tool", resource);',
    'permit(principal, action in [], resource);',
    `${HEAD} when { context has "a b" };`,
    `${HEAD} when { if true then 1 else 2 };`,
    `${HEAD} when { context.x like "a*" };`,
    `${HEAD} when { 1 == true };`,
    'permit(principal in permit::"x", action, resource);',
    `/* a comment; */ ${PERMIT}`,
    `${PERMIT} // the end`,
    `${HEAD} when { !!!!!!true };`,
    `${HEAD} when { ------1 == 1 };`,
  ])('%s', (policy) => {
    expect(problems(policy)).toEqual([]);
  });
});

describe('the proxy would not start with', () => {
  it.each([
    ['', 'PolicyEmpty'],
    ['// nothing', 'PolicyEmpty'],
    [' \n\t', 'PolicyEmpty'],
    [HEAD, 'PolicySyntax'],
    ['allow(principal, action, resource);', 'PolicySyntax'],
    ['permit(principal, action == Action::call_tool, resource);', 'PolicySyntax'],
    [`${HEAD} when { foo(1) };`, 'PolicySyntax'],
    [`${HEAD} when { context.a.startsWith("x") };`, 'PolicySyntax'],
    [`${HEAD} when { context.arg_x < 1.5 };`, 'PolicySyntax'],
    ['permit(principal in [THVGroup::"a"], action, resource);', 'PolicySyntax'],
    [`${HEAD} when { context.x like context.y };`, 'PolicySyntax'],
    ['permit(principal in __cedar::"x", action, resource);', 'PolicySyntax'],
    ['permit(principal in in::"x", action, resource);', 'PolicySyntax'],
    ['permit(principal == Client::"a\nb", action, resource);', 'PolicyLineBreakInString'],
    ['permit(principal == Client::"a', 'PolicyUnterminatedString'],
    [`/* ${PERMIT}`, 'PolicyUnterminatedComment'],
    [`permit(principal,\u00a0action, resource);`, 'PolicyStrangeSpace'],
  ])('%j', (policy, reason) => {
    expect(problems(policy).map((text) => text.split(':')[0])).toContain(reason);
  });

  it('a template, which only the Cedar module takes', () => {
    expect(problems('permit(principal == ?principal, action, resource);')).toHaveLength(1);
  });
});

describe('the proxy takes it, and drops a part', () => {
  it.each([
    [`${PERMIT} forbid(principal, action, resource == Tool::"x");`, 'PolicySeveral'],
    [`${PERMIT}\n@id("two")\n${PERMIT}`, 'PolicySeveral'],
    [`${PERMIT} garbage here`, 'PolicyTrailingText'],
    [`${PERMIT};`, 'PolicyTrailingText'],
  ])('%j', (policy, reason) => {
    expect(problems(policy)[0]).toMatch(new RegExp(`^${reason}: line \\d+, column \\d+: `));
  });
});

it('a problem says where, with the line and a caret below, in characters as an editor counts them', () => {
  const policy = `// 😀 héé\n${HEAD}\n\twhen { context.a = "😀" && context.b == 1 };`;
  const [found] = analyze({ type: 'cedarv1', config: { policies: [PERMIT, policy] } }, cedar).problems;
  expect(found).toMatchObject({ path: 'spec.config.policies[1]', reason: 'PolicySyntax' });
  expect(found?.message).toMatch(/^line 3, column 9: /);
  expect(found?.detail).toBe(`\twhen { context.a = "😀" && context.b == 1 };\n\t${' '.repeat(7)}^`);
});

it.each([
  ['permt(principal, action, resource);', 'permit'],
  [`${HEAD} when { context.a.containsany([1]) };`, 'containsAny'],
])('%s: a near miss is named', (policy, meant) => {
  expect(problems(policy).join('\n')).toContain(meant);
});
