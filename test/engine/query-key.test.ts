import { parseJson } from '../../src/api/json-text.ts';
import { queryKey } from '../../src/engine/query-key.ts';
import type { Query } from '../../src/rules/contract.ts';

const spec = (config: unknown, type = 'cedarv1'): { readonly type: string; readonly config: unknown } => ({
  type,
  config,
});
const user = (username: string, groups: readonly string[] = []): Query => ({
  ask: 'mayBypass',
  namespace: 'ns',
  name: 'a',
  user: { username, groups },
});

it.each<[Query, string]>([
  [{ ask: 'authzConfig', namespace: 'ns', name: 'a' }, 'authzConfig/ns/a'],
  [{ ask: 'referrers', namespace: 'ns', name: 'a' }, 'referrers/ns/a'],
  [{ ask: 'configMap', namespace: 'ns', name: 'a' }, 'configMap/ns/a'],
  [{ ask: 'namespace', name: 'ns' }, 'namespace/ns'],
  [{ ask: 'workload', kind: 'MCPServer', namespace: 'ns', name: 'w' }, 'workload/MCPServer/ns/w'],
  [user('a/b', ['c']), 'mayBypass/ns/a/["a/b",["c"]]'],
])('%j', (query, key) => {
  expect(queryKey(query)).toBe(key);
});

describe('of a spec', () => {
  const analysis = (type: string, config: unknown): string => queryKey({ ask: 'analysis', spec: spec(config, type) });

  it('tells numbers apart that JSON.stringify writes alike', () => {
    const keys = ['null', '-1e999', '1', '1.0'].map((literal) => analysis('cedarv1', parseJson(`[${literal}]`)));
    expect(new Set(keys).size).toBe(4);
  });

  it('is a digest of its content', () => {
    expect(analysis('cedarv1', { a: 1 })).toMatch(/^analysis\/cedarv1\/[0-9a-f]{64}$/);
    expect(analysis('cedarv1', { a: 1 })).toBe(analysis('cedarv1', { a: 1 }));
  });

  it.each<[string, unknown, string, unknown]>([
    ['cedarv1', { a: 1 }, 'cedarv1', { a: 2 }],
    ['cedarv1', { a: 1 }, 'httpv1', { a: 1 }],
    ['cedarv1', undefined, 'cedarv1', null],
    ['cedarv1', 'x', 'cedarv1', 'y'],
  ])('%s %j is another than %s %j', (type, config, otherType, other) => {
    expect(analysis(type, config)).not.toBe(analysis(otherType, other));
  });

  it('knows one object by each type that it is asked about with', () => {
    const config = { a: 1 };
    const [first, other, again] = ['cedarv1', 'httpv1', 'cedarv1'].map((type) => analysis(type, config));
    expect([first?.split('/')[1], other?.split('/')[1], again]).toEqual(['cedarv1', 'httpv1', first]);
  });

  it('is digested once an object', () => {
    let reads = 0;
    const config = {
      get policies(): readonly string[] {
        reads += 1;
        return [];
      },
    };
    expect(analysis('cedarv1', config)).toBe(analysis('cedarv1', config));
    expect(reads).toBe(1);
  });
});

describe('of decision tests', () => {
  const question = (after: unknown, before?: unknown, name = 'a'): string =>
    queryKey({
      ask: 'decisionTests',
      namespace: 'ns',
      name,
      after: spec(after),
      ...(before === undefined ? {} : { before: spec(before) }),
    });

  it('holds the config after, and before where there was one', () => {
    expect(question({ a: 1 })).toMatch(/^decisionTests\/ns\/a\/cedarv1\/[0-9a-f]{64}\/$/);
    expect(question({ a: 1 }, { a: 1 })).toMatch(/^decisionTests\/ns\/a\/(cedarv1\/[0-9a-f]{64})\/\1$/);
    const keys = [
      question({ a: 1 }),
      question({ a: 1 }, { a: 1 }),
      question({ a: 1 }, { a: 2 }),
      question({ a: 2 }, { a: 1 }),
      question({ a: 1 }, undefined, 'b'),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('of a ConfigMap are its data, its action and the config that it names', () => {
    const faults = (data: Record<string, string>, config: string, action?: string): string =>
      queryKey({
        ask: 'decisionTestFaults',
        map: { name: 'm', data, action },
        config,
      });
    expect(faults({ x: '1' }, 'a')).toMatch(/^decisionTestFaults\/a\/\/[0-9a-f]{64}$/);
    expect(faults({ x: '1' }, 'a', 'Warn')).toMatch(/^decisionTestFaults\/a\/Warn\/[0-9a-f]{64}$/);
    const keys = [
      faults({ x: '1' }, 'a'),
      faults({ x: '2' }, 'a'),
      faults({ x: '1' }, 'b'),
      faults({ x: '1' }, 'a', 'Warn'),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });
});
