import { createCedar } from '../../src/authorizers/cedar.ts';
import { createDecider } from '../../src/authorizers/decider.ts';
import { CALL } from '../support/calls.ts';

const cedar = createCedar();
const config = (tool: string): unknown => ({
  policies: [`permit(principal, action, resource == Tool::"${tool}");`],
});

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < levels; i += 1) {
    value = [value];
  }
  return value;
}

it('decides under the config it is given', () => {
  const decider = createDecider(cedar);
  const allows = (tool: string): unknown => {
    const decide = decider({ type: 'cedarv1', config: config(tool) });
    return typeof decide === 'function' && decide(CALL).allow;
  };
  expect([allows('weather'), allows('mail'), allows('weather')]).toEqual([true, false, true]);
});

it.each<[string, { readonly type: string; readonly config: unknown }, string]>([
  ['an unknown type', { type: 'opa', config: {} }, 'type "opa" is not a registered authorizer backend'],
  ['no config', { type: 'cedarv1', config: undefined }, 'config must not be empty'],
  ['a config too deep', { type: 'cedarv1', config: nested(65) }, 'the config nests deeper than 64 levels'],
  [
    'a config too deep for the stack',
    { type: 'cedarv1', config: nested(200_000) },
    'the config nests deeper than 64 levels',
  ],
  [
    'a decision point',
    { type: 'httpv1', config: { http: { url: 'http://pdp' }, claim_mapping: 'mpe' } },
    'a config of type httpv1 leaves decisions to its decision point, which is asked only with --ask-pdp',
  ],
])('does not decide under %s', (_what, spec, undecidable) => {
  expect(createDecider(cedar)(spec)).toEqual({ undecidable });
});

it('takes a config as deep as it may be', () => {
  expect(typeof createDecider(cedar)({ type: 'cedarv1', config: nested(64) })).toBe('function');
});

it('prepares a config once, and one that was used longest ago again', () => {
  const decider = createDecider(cedar);
  const ask = (tool: number): unknown => decider({ type: 'cedarv1', config: config(String(tool)) });
  const first = Array.from({ length: 256 }, (_config, tool) => ask(tool));
  expect([ask(0), ask(255)]).toEqual([first[0], first[255]]);
  expect([ask(0) === first[0], ask(255) === first[255]]).toEqual([true, true]);
  ask(256);
  expect([ask(0) === first[0], ask(2) === first[2], ask(1) === first[1]]).toEqual([true, true, false]);
});

it('passes on what is wrong with the config for another reason than its depth', () => {
  const circular: { self?: unknown } = {};
  circular.self = circular;
  expect(() => createDecider(cedar)({ type: 'cedarv1', config: circular })).toThrow(TypeError);
});
