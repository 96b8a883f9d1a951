import { createCedar, type Cedar } from '../../src/authorizers/cedar.ts';
import { createDecider } from '../../src/authorizers/decider.ts';
import type { DecisionRequest } from '../../src/authorizers/decision.ts';

const cedar = createCedar();
const CALL: DecisionRequest = {
  claims: { sub: 'alice' },
  feature: 'tool',
  operation: 'call',
  id: 'weather',
  args: undefined,
  server: 'srv',
};
const config = (tool: string): unknown => ({
  policies: [`permit(principal, action, resource == Tool::"${tool}");`],
});

/** The module, and how often it was asked to read a policy. */
function counting(): { readonly counted: Cedar; readonly reads: () => number } {
  let count = 0;
  const toJson = (text: string): unknown => {
    count += 1;
    return cedar.toJson(text);
  };
  return { counted: { ...cedar, toJson }, reads: () => count };
}

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
  const { counted, reads } = counting();
  const decider = createDecider(counted);
  const ask = (tool: number): void => {
    decider({ type: 'cedarv1', config: config(String(tool)) });
  };
  for (let tool = 0; tool < 256; tool += 1) {
    ask(tool);
  }
  expect(reads()).toBe(256);
  ask(0);
  ask(255);
  expect(reads()).toBe(256);
  ask(256);
  ask(0);
  expect(reads()).toBe(257);
  ask(1);
  expect(reads()).toBe(258);
});

it('passes on what is wrong with the config for another reason than its depth', () => {
  const circular: { self?: unknown } = {};
  circular.self = circular;
  expect(() => createDecider(cedar)({ type: 'cedarv1', config: circular })).toThrow(TypeError);
});
