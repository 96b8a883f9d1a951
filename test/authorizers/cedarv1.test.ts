/** Problems of a Cedar config as a whole. */
import { createCedar, type Cedar } from '../../src/authorizers/cedar.ts';
import { cedarv1 } from '../../src/authorizers/cedarv1.ts';

const cedar = createCedar();
const PERMIT = 'permit(principal, action, resource);';
const MORE = (count: number): string =>
  `spec.config.policies MoreProblems: ${String(count)} more problems were found in these policies.`;

function problems(config: unknown): readonly string[] {
  return cedarv1.validate(config, cedar).map(({ path, reason, message }) => `${path} ${reason}: ${message}`);
}

it('asks the module once for policies that are all good, and for each where one is not', () => {
  const asked: (readonly string[])[] = [];
  const counting: Cedar = {
    ...cedar,
    parse: (texts) => {
      asked.push(texts);
      return cedar.parse(texts);
    },
  };
  expect(cedarv1.validate({ policies: [PERMIT, PERMIT, PERMIT] }, counting)).toEqual([]);
  expect(asked).toEqual([[PERMIT, PERMIT, PERMIT]]);
  asked.length = 0;
  expect(cedarv1.validate({ policies: [PERMIT, 'x'] }, counting)).toHaveLength(1);
  expect(asked).toEqual([[PERMIT, 'x'], [PERMIT], ['x']]);
  asked.length = 0;
  expect(cedarv1.validate({ policies: ['"', PERMIT] }, counting)).toHaveLength(1);
  expect(asked).toEqual([[PERMIT]]);
});

describe('a config', () => {
  it.each<[string, unknown, readonly string[]]>([
    ['of nothing', null, ["spec.config ConfigMissing: cedar configuration is required (missing 'cedar' field)"]],
    [
      'that is a list',
      [],
      [
        'spec.config WrongType: failed to parse configuration: json: cannot unmarshal array into Go struct field Config.cedar of type ConfigOptions',
        'spec.config.policies NoPolicies: at least one policy is required for Cedar authorization',
      ],
    ],
    [
      'without policies',
      {},
      ['spec.config.policies NoPolicies: at least one policy is required for Cedar authorization'],
    ],
    [
      'in the envelope of the proxy',
      { version: '1.0', cedar: { policies: [PERMIT] } },
      [
        'spec.config.policies NoPolicies: at least one policy is required for Cedar authorization; spec.config is the content of "cedar" itself: move it one level up',
      ],
    ],
    [
      'of the other backend',
      { pdp: {} },
      [
        'spec.config.policies NoPolicies: at least one policy is required for Cedar authorization; spec.config is the content of "pdp" itself: move it one level up',
      ],
    ],
    [
      'with a text as policies',
      { Policies: PERMIT },
      [
        'spec.config.Policies WrongType: failed to parse configuration: json: cannot unmarshal string into Go struct field ConfigOptions.cedar.policies of type []string',
      ],
    ],
    [
      'with a number among its policies',
      { policies: [PERMIT, 1, 'x'] },
      [
        'spec.config.policies[1] WrongType: failed to parse configuration: json: cannot unmarshal number into Go struct field ConfigOptions.cedar.policies of type string',
        expect.stringMatching(/^spec\.config\.policies\[2\] PolicySyntax: /) as string,
      ],
    ],
    [
      'with too many policies',
      { policies: Array.from({ length: 4097 }, () => PERMIT) },
      [
        'spec.config.policies TooManyPolicies: There are 4097 policies; this check takes at most 4096. Combine them, or split the config.',
      ],
    ],
    ['with as many as it may have', { policies: Array.from({ length: 4096 }, () => PERMIT) }, []],
    [
      'with broken entities',
      { policies: [PERMIT], entities_json: '[{"uid":1}]' },
      [
        'spec.config.entities_json EntitiesInvalid: failed to parse entities JSON: [0].uid: expected {"type": "…", "id": "…"}',
      ],
    ],
    [
      'with entities that are none',
      { policies: [PERMIT], entities_json: '[' },
      ['spec.config.entities_json EntitiesInvalid: failed to parse entities JSON: it is not JSON: it ends too early'],
    ],
  ])('%s', (_what, config, expected) => {
    expect(problems(config)).toEqual(expected);
  });

  it('tells twenty problems, and how many more there are', () => {
    const broken = (count: number): readonly string[] =>
      problems({ policies: Array.from({ length: count }, () => '') });
    expect(broken(20)).toHaveLength(20);
    expect(broken(20)[19]).toMatch(/^spec\.config\.policies\[19\] PolicyEmpty: /);
    expect(broken(21)).toHaveLength(21);
    expect(broken(21)[20]).toBe(MORE(1));
  });

  it('looks no further than a hundred problems of syntax', () => {
    const syntax = problems({ policies: Array.from({ length: 150 }, () => 'permit(') });
    expect([syntax.length, syntax[20]]).toEqual([21, MORE(81)]);
  });

  it('tells problems in the order of the policies, whoever found them', () => {
    const found = problems({ policies: ['permit(', '', 'forbid(', ...Array.from({ length: 8 }, () => PERMIT), '"'] });
    expect(found.map((problem) => problem.split(':')[0])).toEqual([
      'spec.config.policies[0] PolicySyntax',
      'spec.config.policies[1] PolicyEmpty',
      'spec.config.policies[2] PolicySyntax',
      'spec.config.policies[11] PolicyUnterminatedString',
    ]);
  });

  it('bounds problems of entities, too', () => {
    const entities = JSON.stringify(Array.from({ length: 25 }, () => 1));
    const found = problems({ policies: [PERMIT], entities_json: entities });
    expect([found.length, found[20]]).toEqual([21, MORE(5)]);
  });
});

describe('the type of groups', () => {
  const invalid = (name: string, why: string): string =>
    `spec.config.group_entity_type GroupTypeInvalid: group_entity_type "${name}" ${why}`;
  const word = 'is not a valid Cedar identifier: it is a word of the language';
  const letters = 'is not a valid Cedar identifier: letters, digits and _ only, not starting with a digit';
  it.each<[string, readonly string[]]>([
    ['', []],
    ['Team', []],
    ['_t1', []],
    [' \t\r\nTeam \n', []],
    ['permit', []],
    ['// the type\nTeam /* of\ngroups */', []],
    [`Team/*${'x'.repeat(992)}*/`, []],
    [`Team/*${'x'.repeat(993)}*/`, [invalid(`Team/*${'x'.repeat(993)}*/`, letters)]],
    ['A/**/B', [invalid('A/**/B', letters)]],
    ['Team // no end', [invalid('Team // no end', letters)]],
    ['A::B', [invalid('A::B', 'contains "::": namespaced entity types are not yet supported')]],
    ['My-Group', [invalid('My-Group', letters)]],
    ['1a', [invalid('1a', letters)]],
    ['a b', [invalid('a b', letters)]],
    [' ', [invalid(' ', letters)]],
    ['\u00a0Team', [invalid('\u00a0Team', letters)]],
    ...['true', 'false', 'if', 'then', 'else', 'in', 'like', 'has', 'is', '__cedar'].map(
      (name): [string, readonly string[]] => [name, [invalid(name, word)]],
    ),
    [' in ', [invalid(' in ', word)]],
  ])('%j', (name, expected) => {
    expect(problems({ policies: [PERMIT], group_entity_type: name })).toEqual(expected);
  });
});
