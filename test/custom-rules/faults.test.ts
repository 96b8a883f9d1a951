/** What is refused at load, with its exact place. */
import { compileCustomRules } from '../../src/custom-rules/compile.ts';
import { renderFault } from '../../src/custom-rules/fault.ts';
import { faultsOf, HEAD, ruleText } from './support.ts';

const MATCH = `  matchConstraints:
    resourceRules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'] }]
`;
/** Lines 1 to 6; what follows begins on line 7, indented by two. */
const START = `${HEAD}metadata: { name: mine }\nspec:\n${MATCH}`;
const VALID = "  validations: [{ expression: 'true', message: m }]\n";
/** Line 7. */
const expression = (text: string): string => `${START}  validations:\n    - expression: ${text}`;

it('a rule without a fault has none', () => {
  expect(faultsOf(START + VALID)).toEqual([]);
});

describe('the document', () => {
  it.each<[string, string, readonly string[]]>([
    ['is empty', '', []],
    ['holds comments only', '# nothing\n---\n', []],
    ['is a list', '- a', ['1:1 the document: expected an object, not a list']],
    ['is a text', 'a', ['1:1 the document: expected an object, not a text']],
    [
      'is not YAML',
      'a: [',
      ['1:5 not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]'],
    ],
    ['has a key twice', 'a: 1\na: 2', ['2:1 not valid YAML: Map keys must be unique']],
    ['has a tag of its own', 'a: !mine 1', ['1:4 not valid YAML: Unresolved tag: !mine']],
    ['is of no kind', 'metadata: {}', ['1:1 kind: is required: CustomRule or ConfigMap']],
    [
      'is of another kind',
      'kind: CustomRules',
      ['1:7 kind: expected CustomRule or ConfigMap, not "CustomRules"; did you mean "CustomRule"?'],
    ],
    [
      'is of another version',
      'kind: CustomRule\napiVersion: v1',
      ['2:13 apiVersion: expected authz.toolhive.stacklok.dev/v1alpha1, not "v1"'],
    ],
    ['has no version', 'kind: CustomRule', ['1:1 apiVersion: is required: authz.toolhive.stacklok.dev/v1alpha1']],
    [
      'has a field too many',
      `${HEAD}metadata: { name: a }\nspecs: {}`,
      [
        '1:1 spec: is required',
        '4:1 unknown field "specs" (known are apiVersion, kind, metadata, spec); did you mean "spec"?',
      ],
    ],
    [
      'comes after a good one',
      `${START}${VALID}---\nkind: Rule`,
      ['9:7 kind: expected CustomRule or ConfigMap, not "Rule"'],
    ],
    ['is too large', `# ${'x'.repeat(1024 * 1024)}`, ['1:1 the file is larger than 1048576 bytes']],
  ])('%s', (_title, text, expected) => {
    expect(faultsOf(text)).toEqual(expected);
  });

  it('is as deep as a well', () => {
    expect(faultsOf('['.repeat(20_000))).toEqual([
      expect.stringMatching(/^1:\d+ not .* YAML: Maximum call stack size exceeded$/),
    ]);
  });
});

describe('the name', () => {
  const named = (name: string): string => `${HEAD}metadata: ${name}\nspec:\n${MATCH}${VALID}`;
  it.each<[string, readonly string[]]>([
    ['{ name: Mine }', ['3:19 metadata.name: "Mine" must be lower case words joined by dashes, at most 63 characters']],
    ['{ name: a_b }', ['3:19 metadata.name: "a_b" must be lower case words joined by dashes, at most 63 characters']],
    ['{ name: -a }', ['3:19 metadata.name: "-a" must be lower case words joined by dashes, at most 63 characters']],
    [
      `{ name: ${'a'.repeat(64)} }`,
      [`3:19 metadata.name: "${'a'.repeat(64)}" must be lower case words joined by dashes, at most 63 characters`],
    ],
    ['{ name: reference }', ['3:19 metadata.name: "reference" is a built-in rule']],
    ['{ name: 7 }', ['3:19 metadata.name: expected a text, not a number']],
    ['{ name: null }', ['3:11 metadata.name: is required']],
    ['{}', ['3:11 metadata.name: is required']],
    [
      '{ name: a, nane: b }',
      ['3:22 metadata: unknown field "nane" (known are name, labels, annotations); did you mean "name"?'],
    ],
    ['[]', ['3:11 metadata: expected an object, not a list']],
    ['{ name: constructor }', []],
  ])('%s', (metadata, expected) => {
    expect(faultsOf(named(metadata), ['reference'])).toEqual(expected);
  });

  it('is there once, over all files', () => {
    const result = compileCustomRules([
      { name: 'a.yaml', text: ruleText() },
      { name: 'b.yaml', text: `\n\n${ruleText()}` },
    ]);
    expect('faults' in result ? result.faults.map(renderFault) : []).toEqual([
      'b.yaml:6:9: metadata.name: "mine" is there already, in a.yaml\n  name: mine\n        ^',
    ]);
  });
});

describe('matchConstraints', () => {
  const constrained = (text: string): string =>
    `${HEAD}metadata: { name: mine }\nspec:\n${VALID}  matchConstraints: ${text}`;
  const rule = (text: string): string => constrained(`{ resourceRules: [${text}] }`);
  it.each<[string, readonly string[]]>([
    ['nothing', ['6:21 spec.matchConstraints: expected an object, not a text']],
    ['', ['5:3 spec.matchConstraints: is required']],
    ['{}', ['6:21 spec.matchConstraints.resourceRules: at least one is required']],
    ['{ resourceRules: [] }', ['6:38 spec.matchConstraints.resourceRules: at least one is required']],
    ['{ resourceRules: x }', ['6:38 spec.matchConstraints.resourceRules: expected a list, not a text']],
  ])('%s', (text, expected) => {
    expect(faultsOf(constrained(text))).toEqual(expected);
  });

  const PATH = 'spec.matchConstraints.resourceRules[0]';
  it.each<[string, readonly string[]]>([
    [
      "{ apiGroups: [apps], apiVersions: ['*'], operations: ['*'], resources: ['*'] }",
      [`6:53 ${PATH}.apiGroups: custom rules are asked about toolhive.stacklok.dev, * only, not "apps"`],
    ],
    [
      "{ apiGroups: ['*'], apiVersions: [v1], operations: ['*'], resources: ['*'] }",
      [`6:73 ${PATH}.apiVersions: custom rules are asked about v1beta1, v1alpha1, * only, not "v1"`],
    ],
    [
      "{ apiGroups: ['*'], apiVersions: ['*'], operations: [CONNECT], resources: ['*'] }",
      [`6:92 ${PATH}.operations: custom rules are asked about CREATE, UPDATE, DELETE, * only, not "CONNECT"`],
    ],
    [
      "{ apiGroups: ['*'], apiVersions: ['*'], operations: [create], resources: [mcpserver, pods, mcpservers/status] }",
      [
        `6:92 ${PATH}.operations: custom rules are asked about CREATE, UPDATE, DELETE, * only, not "create"; did you mean "CREATE"?`,
        `6:113 ${PATH}.resources: custom rules are asked about mcpservers, mcpremoteproxies, virtualmcpservers, mcpauthzconfigs, * only, not "mcpserver"; did you mean "mcpservers"?`,
        `6:124 ${PATH}.resources: custom rules are asked about mcpservers, mcpremoteproxies, virtualmcpservers, mcpauthzconfigs, * only, not "pods"`,
        `6:130 ${PATH}.resources: custom rules are asked about mcpservers, mcpremoteproxies, virtualmcpservers, mcpauthzconfigs, * only, not "mcpservers/status"`,
      ],
    ],
    [
      "{ apiGroups: ['*'], apiVersions: [], operations: '*', resource: ['*'] }",
      [
        `6:39 ${PATH}.resources: at least one is required: mcpservers, mcpremoteproxies, virtualmcpservers, mcpauthzconfigs, *`,
        `6:72 ${PATH}.apiVersions: at least one is required: v1beta1, v1alpha1, *`,
        `6:88 ${PATH}.operations: expected a list, not a text`,
        `6:93 ${PATH}: unknown field "resource" (known are apiGroups, apiVersions, operations, resources, resourceNames); did you mean "resources"?`,
      ],
    ],
    [
      "{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'], resourceNames: [1] }",
      [`6:132 ${PATH}.resourceNames[0]: expected a text, not a number`],
    ],
  ])('%s', (text, expected) => {
    expect(faultsOf(rule(text))).toEqual(expected);
  });

  it.each<[string, readonly string[]]>([
    [
      'namespaceSelector: { matchLabel: {} }',
      [
        '8:26 spec.matchConstraints.namespaceSelector: unknown field "matchLabel" (known are matchLabels, matchExpressions); did you mean "matchLabels"?',
      ],
    ],
    [
      'namespaceSelector: { matchLabels: { a: 1 } }',
      ['8:44 spec.matchConstraints.namespaceSelector.matchLabels.a: expected a text, not a number'],
    ],
    [
      'objectSelector: { matchExpressions: [{ key: a, operator: Equals }] }',
      [
        '8:62 spec.matchConstraints.objectSelector.matchExpressions[0].operator: "Equals" is not one of In, NotIn, Exists, DoesNotExist',
      ],
    ],
    [
      'objectSelector: { matchExpressions: [{ key: a, operator: In }] }',
      ['8:42 spec.matchConstraints.objectSelector.matchExpressions[0].values: In needs at least one value'],
    ],
    [
      'objectSelector: { matchExpressions: [{ key: a, operator: Exists, values: [b] }] }',
      ['8:78 spec.matchConstraints.objectSelector.matchExpressions[0].values: Exists takes no values'],
    ],
    [
      'objectSelector: { matchExpressions: [{}] }',
      [
        '8:42 spec.matchConstraints.objectSelector.matchExpressions[0].key: is required',
        '8:42 spec.matchConstraints.objectSelector.matchExpressions[0].operator: is required',
      ],
    ],
    [
      'matchPolicy: exact',
      ['8:18 spec.matchConstraints.matchPolicy: "exact" is not one of Exact, Equivalent; did you mean "Exact"?'],
    ],
  ])('%s', (text, expected) => {
    expect(faultsOf(`${HEAD}metadata: { name: mine }\nspec:\n${VALID}${MATCH}    ${text}`)).toEqual(expected);
  });
});

describe('the other fields', () => {
  it.each<[string, readonly string[]]>([
    ['', ['5:3 spec.validations: at least one is required']],
    ['  validations: []\n', ['7:16 spec.validations: at least one is required']],
    ['  validations: {}\n', ['7:16 spec.validations: expected a list, not an object']],
    ['  validations: [true]\n', ['7:17 spec.validations[0]: expected an object, not a boolean']],
    ['  validations: [{ message: m }]\n', ['7:17 spec.validations[0].expression: is required']],
    ["  validations: [{ expression: ' ' }]\n", ['7:31 spec.validations[0].expression: must not be empty']],
    [
      "  validations: [{ expression: 'true', message: ' ' }]\n",
      ['7:49 spec.validations[0].message: must not be empty'],
    ],
    [
      '  validations: [{ expression: \'true\', message: "a\\nb" }]\n',
      ['7:49 spec.validations[0].message: must not contain line breaks'],
    ],
    [
      "  validations: [{ expression: 'true', reason: Unauthorized }]\n",
      ['7:47 spec.validations[0].reason: "Unauthorized" is not one of Invalid, Forbidden, Conflict'],
    ],
    [
      '  validations:\n  - expression: |\n      true &&\n      true\n',
      ['8:5 spec.validations[0].message: is required where the expression has line breaks'],
    ],
    [`${VALID}  action: deny\n`, ['8:11 spec.action: "deny" is not one of Deny, Warn, Audit; did you mean "Deny"?']],
    [`${VALID}  failurePolicy: Open\n`, ['8:18 spec.failurePolicy: "Open" is not one of Fail, Ignore']],
    [
      `${VALID}  paramKind: {}\n`,
      [
        '8:3 spec: unknown field "paramKind" (known are matchConstraints, matchConditions, variables, validations, action, failurePolicy)',
      ],
    ],
    [
      `${VALID}  matchConditions: [{ name: 'a b', expression: 'true' }]\n`,
      ['8:30 spec.matchConditions[0].name: "a b" is not usable as a name here'],
    ],
    [
      `${VALID}  variables: [{ name: a-b, expression: 'true' }]\n`,
      ['8:23 spec.variables[0].name: "a-b" is not usable as a name here'],
    ],
    [
      `${VALID}  variables: [{ name: a, expression: '1' }, { name: a, expression: '2' }]\n`,
      ['8:53 spec.variables[1].name: "a" is there already'],
    ],
    [`${VALID}  variables: [{ name: a }]\n`, ['8:15 spec.variables[0].expression: is required']],
    [
      `${VALID}  matchConditions: [${Array.from({ length: 65 }, (_, i) => `{ name: a${String(i)}, expression: 'true' }`).join(', ')}]\n`,
      ['8:20 spec.matchConditions: at most 64 are allowed'],
    ],
  ])('%j', (text, expected) => {
    expect(faultsOf(START + text)).toEqual(expected);
  });

  it('an alias is what it stands for', () => {
    const text = `${HEAD}metadata: { name: mine }\nspec:\n${MATCH}  validations: [{ expression: &e 'nope', message: m }, { expression: *e, message: m }]\n`;
    expect(faultsOf(text)).toEqual([
      '7:35 spec.validations[0].expression: Unknown variable: nope',
      '7:35 spec.validations[1].expression: Unknown variable: nope',
    ]);
  });
});

describe('expressions', () => {
  const AT = 'spec.validations[0].expression:';
  it.each<[string, string]>([
    ['true &&', `8:26 ${AT} Unexpected token: EOF`],
    ['object. x y', `8:29 ${AT} Unexpected character: 'y'`],
    ['size(object)', `8:19 ${AT} the expression must be of type bool, not int`],
    ['authzConfig.typ == "cedarv1"', `8:31 ${AT} No such key: typ; did you mean "type"?`],
    ['authzConfig.type == 1', `8:19 ${AT} no such overload: string == int`],
    ['authzConfig == null || has(authzConfig.nmae)', `8:58 ${AT} No such key: nmae; did you mean "name"?`],
    ['authzConfig.problems.exists(p, p.reason == 1)', `8:50 ${AT} no such overload: string == int`],
    ['namespaceObject.metadata.lables["a"] == ""', `8:44 ${AT} No such key: lables; did you mean "labels"?`],
    ['request.userInfo.groups == "a"', `8:19 ${AT} no such overload: list<string> == string`],
    ['request.user == ""', `8:27 ${AT} No such key: user`],
    ['params.x', `8:19 ${AT} Unknown variable: params`],
    ['variables.x', `8:29 ${AT} No such key: x`],
    [
      'object.a.matches("(?=a)")',
      `8:36 ${AT} invalid regular expression: error parsing regexp: invalid or unsupported Perl syntax: \`(?=\``,
    ],
    ['"[1].all(a, [1].all(b, [1].all(c, true)))"', `8:42 ${AT} comprehensions are nested more than 2 deep`],
    // Where the character stands in the file, through every way of writing a text.
    ["'object.a == ''x'' && nope'", `8:41 ${AT} Unknown variable: nope`],
    ['"object.a == \\"x\\" && nope"', `8:41 ${AT} Unknown variable: nope`],
    ['"\\u0074rue\\t&& nope"', `8:34 ${AT} Unknown variable: nope`],
    ['"true \\\n        && nope"', `9:12 ${AT} Unknown variable: nope`],
    ['"true\n        && nope"', `9:12 ${AT} Unknown variable: nope`],
    ['true\n        && nope', `9:12 ${AT} Unknown variable: nope`],
    ['|\n        true\n          && nope\n      message: m', `10:14 ${AT} Unknown variable: nope`],
    ['|-\n        true\n\n        && nope\n      message: m', `11:12 ${AT} Unknown variable: nope`],
    ['>-\n        true\n        && nope', `10:12 ${AT} Unknown variable: nope`],
    ['>\n        true\n\n        && nope\n      message: m', `11:12 ${AT} Unknown variable: nope`],
    ['| # why\n        nope', `9:9 ${AT} Unknown variable: nope`],
    ['|2\n        nope', `9:9 ${AT} Unknown variable: nope`],
    ['&anchor nope', `8:27 ${AT} Unknown variable: nope`],
    ['|\n        true &&\n      message: m', `9:16 ${AT} Unexpected token: EOF`],
  ])('%j', (text, expected) => {
    expect(faultsOf(expression(text))).toEqual([expected]);
  });

  it('all of them, everywhere, at once and in the order of the file', () => {
    const text = `${START}  matchConditions:
    - { name: a, expression: variables.one }
  variables:
    - { name: one, expression: nope }
    - { name: two, expression: variables.one + variables.three }
    - { name: three, expression: '1' }
  validations:
    - expression: variables.two > 1
      messageExpression: variables.three
      message: m
    - expression: variables.three
`;
    expect(faultsOf(text)).toEqual([
      '8:30 spec.matchConditions[0].expression: Unknown variable: variables',
      '10:32 spec.variables[0].expression: Unknown variable: nope',
      '11:58 spec.variables[1].expression: No such key: three',
      '15:26 spec.validations[0].messageExpression: the expression must be of type string, not int',
      '17:19 spec.validations[1].expression: the expression must be of type bool, not int',
    ]);
  });

  it('shows the line with a caret', () => {
    const result = compileCustomRules([{ name: 'rules/one.yaml', text: expression('true && nope') }]);
    expect('faults' in result ? result.faults.map(renderFault) : []).toEqual([
      'rules/one.yaml:8:27: spec.validations[0].expression: Unknown variable: nope\n    - expression: true && nope\n                          ^',
    ]);
  });
});

describe('a ConfigMap', () => {
  const indented = (text: string): string => text.replaceAll(/^(?=.)/gm, '    ');
  const configMap = (data: string): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: rules }\ndata:\n${data}`;
  it('is unwrapped: each value is a file', () => {
    const result = compileCustomRules([
      { name: 'f', text: configMap(`  a.yaml: |\n${indented(START + VALID)}  b.yaml: "# none"\n`) },
    ]);
    expect('rules' in result ? result.rules.map(({ id, on }) => `${id} ${on}`) : result).toEqual([
      'mine write',
      'mine delete',
    ]);
  });

  it.each<[string, string, readonly string[]]>([
    [
      'a fault names the key, and counts lines within',
      configMap(`  a.yaml: |\n${indented(expression('nope'))}\n`),
      ['f: data["a.yaml"] 8:19 spec.validations[0].expression: Unknown variable: nope'],
    ],
    [
      'no ConfigMap in a ConfigMap',
      configMap(`  a: 'kind: ConfigMap'\n`),
      ['f: data["a"] 1:7 kind: expected CustomRule, not "ConfigMap"'],
    ],
    ['a value that is no text', configMap('  a: 1\n'), ['5:6 data.a: expected a text, not a number']],
    ['no data', 'apiVersion: v1\nkind: ConfigMap\n', ['1:1 data: is required']],
    [
      'another version',
      'apiVersion: v2\nkind: ConfigMap\n',
      ['1:13 apiVersion: expected v1, not "v2"; did you mean "v1"?'],
    ],
  ])('%s', (_title, text, expected) => {
    expect(faultsOf(text)).toEqual(expected);
  });
});
