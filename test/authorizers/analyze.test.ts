/** What is said of a config as a whole, before its backend looks at it. */
import type { Analysis } from '../../src/authorizers/analysis.ts';
import { analyze, MAX_RUNTIME_JSON } from '../../src/authorizers/analyze.ts';
import { createCedar } from '../../src/authorizers/cedar.ts';

const cedar = createCedar();
const PERMIT = 'permit(principal, action == Action::"call_tool", resource == Tool::"weather");';

function look(type: string, config: unknown): Analysis {
  return analyze({ type, config }, cedar);
}

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < levels; i += 1) {
    value = { in: value };
  }
  return value;
}

describe('a type that the proxy does not know', () => {
  it.each([
    ['', 'type must not be empty'],
    ['opa', 'type "opa" is not a registered authorizer backend (registered: [cedarv1 httpv1])'],
    [
      'CedarV1',
      'type "CedarV1" is not a registered authorizer backend (registered: [cedarv1 httpv1]); did you mean "cedarv1"?',
    ],
  ])('%j', (type, message) => {
    expect(look(type, {})).toEqual({
      type,
      problems: [{ path: 'spec.type', reason: 'UnknownType', message }],
      advice: [],
    });
  });
});

it('no config at all', () => {
  expect(look('cedarv1', undefined)).toEqual({
    type: 'cedarv1',
    problems: [{ path: 'spec.config', reason: 'ConfigMissing', message: 'config must not be empty' }],
    advice: [],
  });
});

it('a config that nests too deep is neither rendered nor read, and one level less is', () => {
  const message = 'The config nests deeper than 64 levels, which is the limit of this check.';
  expect(look('cedarv1', nested(65))).toEqual({
    type: 'cedarv1',
    problems: [{ path: 'spec.config', reason: 'ConfigTooDeep', message }],
    advice: [],
  });
  expect(look('cedarv1', nested(64)).problems.map(({ reason }) => reason)).toEqual(['NoPolicies']);
});

it('a config that would not fit into its ConfigMap twice is rendered but not read, and one byte less is read', () => {
  const sized = (padding: number): Analysis =>
    look('cedarv1', { policies: [PERMIT], entities_json: `[]${' '.repeat(padding)}` });
  const room = MAX_RUNTIME_JSON - Buffer.byteLength(sized(0).rendering?.runtimeJson ?? '');
  const tooLarge = sized(room + 1);
  expect(tooLarge.problems).toEqual([
    {
      path: 'spec.config',
      reason: 'ConfigTooLarge',
      message:
        'The runtime form of this config is 491521 bytes; at most 491520 fit, because ToolHive writes it twice into one ' +
        'ConfigMap of at most 1 MiB. Split the config.',
    },
  ]);
  expect(tooLarge.advice).toEqual([]);
  expect(tooLarge.rendering?.hash).toMatch(/^[0-9a-f]{64}$/);
  expect(sized(room).problems).toEqual([]);
});

it('a config with problems gets no advice, one without gets it', () => {
  const unread = { policies: [PERMIT], polices: [] };
  expect(look('cedarv1', unread).advice).toHaveLength(1);
  expect(look('cedarv1', { ...unread, entities_json: '{' }).advice).toEqual([]);
});
