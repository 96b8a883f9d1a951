import { createWorldAnswers } from '../../src/engine/world-view.ts';
import {
  applicableMutators,
  compareFindings,
  exemption,
  matching,
  queriesOfMutators,
  type RuleFinding,
} from '../../src/engine/evaluate.ts';
import type { DeleteRule, Finding, Match, Mutator, Query, Rule, WriteRule } from '../../src/rules/contract.ts';
import type { KubernetesObject } from '../../src/api/objects.ts';
import { evaluate, queriesOf } from '../support/evaluation.ts';
import { config, create, remove, server, update } from '../support/objects.ts';

const NOTHING = createWorldAnswers();

function rule(id: string, check: WriteRule['check'], extra: Partial<WriteRule> = {}): WriteRule {
  return {
    id,
    title: id,
    on: 'write',
    match: { resources: ['mcpservers'], operations: ['CREATE', 'UPDATE'] },
    queries: () => [],
    check,
    ...extra,
  };
}

function denial(path: string, message = 'no'): Finding {
  return { level: 'deny', path, reason: 'No', message };
}

describe('which requests are judged', () => {
  const deleting = { deletionTimestamp: '2026-11-24T00:00:00Z' };

  it.each([
    ['a create', create(server()), undefined],
    ['an update of the spec', update(server(), server({ image: 'other' })), undefined],
    ['an update of labels', update(server(), server({}, { labels: { a: 'b' } })), 'the spec is unchanged'],
    [
      'an update of an object being deleted',
      update(server({}, deleting), server({ image: 'x' }, deleting)),
      'the object is being deleted',
    ],
    ['a repeated delete', remove(config({}, deleting)), 'the object is being deleted'],
    ['a delete', remove(config()), undefined],
  ])('%s', (_title, input, why) => {
    expect(exemption(input)).toBe(why);
    const always = rule('always', () => [denial('spec')]);
    const never: Rule = {
      ...always,
      on: 'delete',
      match: { resources: ['mcpauthzconfigs'], operations: ['DELETE'] },
      queries: () => [],
      check: () => [denial('')],
    };
    const { findings, failures } = evaluate([always, never], input, NOTHING);
    expect(findings.length === 0).toBe(why !== undefined);
    expect(failures).toEqual([]);
  });

  it('asks a rule only about what it matches', () => {
    const other = rule('other', () => [denial('spec')], {
      match: { resources: ['mcpremoteproxies'], operations: ['CREATE'] },
    });
    const foreign = { ...server(), apiVersion: 'example.com/v1' };
    expect(evaluate([other], create(server()), NOTHING).findings).toEqual([]);
    expect(evaluate([rule('mine', () => [denial('spec')])], create(foreign), NOTHING).findings).toEqual([]);
  });
});

describe('findings', () => {
  it('are all there, refusals first, then by path with numbers by value, then by rule', () => {
    const rules = [
      rule('b', () => [
        denial('spec.policies[10]'),
        denial('spec.policies[9]'),
        { ...denial('spec.a'), level: 'warn' },
      ]),
      rule('a', () => [denial('spec.policies[9]'), { ...denial('spec'), level: 'unknown' }]),
    ];
    const { findings } = evaluate(rules, create(server()), NOTHING);
    expect(findings.map(({ level, path, ruleId }) => `${level} ${path} ${ruleId}`)).toEqual([
      'deny spec.policies[9] a',
      'deny spec.policies[9] b',
      'deny spec.policies[10] b',
      'unknown spec a',
      'warn spec.a b',
    ]);
  });

  it('of a rule that throws are a failure, and the other rules are still asked', () => {
    const broken = rule('broken', () => {
      throw new Error('boom');
    });
    const { findings, failures } = evaluate([broken, rule('fine', () => [denial('spec')])], create(server()), NOTHING);
    expect(findings.map(({ ruleId }) => ruleId)).toEqual(['fine']);
    expect(failures.map(({ ruleId, error }) => [ruleId, error.message])).toEqual([['broken', 'boom']]);
  });

  it('of something thrown that is no Error is a failure too', () => {
    const broken = rule('broken', () => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- that a rule may do just this is what is tested
      throw 'boom';
    });
    expect(evaluate([broken], create(server()), NOTHING).failures[0]?.error.message).toBe('boom');
  });

  it('refuses a rule the answer to a question that it did not declare', () => {
    const curious = rule('curious', (_input, world) => (world.namespace('ns').state === 'present' ? [] : []));
    expect(evaluate([curious], create(server()), NOTHING).failures[0]?.error.message).toBe(
      'the query "namespace/ns" was not declared',
    );
  });
});

describe('ratcheting', () => {
  const imageIsBad = rule('image', ({ object }) =>
    JSON.stringify(object['spec']).includes('bad') ? [denial('spec.image', 'The image is bad.')] : [],
  );

  it.each([
    ['a problem that the update brings is refused', server(), server({ image: 'bad' }), 'deny', 'The image is bad.'],
    [
      'a problem that was there before is a warning',
      server({ image: 'bad' }),
      server({ image: 'bad', replicas: 2 }),
      'warn',
      'The image is bad. This was so before the update, which is let through.',
    ],
  ])('%s', (_title, before, after, level, message) => {
    const { findings } = evaluate([imageIsBad], update(before, after), NOTHING);
    expect(findings.map((finding) => [finding.level, finding.message])).toEqual([[level, message]]);
  });

  it('knows a problem by its subject when it has moved', () => {
    const moved = rule('moved', ({ object }) => {
      const list = (object['spec'] as { list: string[] }).list;
      return list.flatMap((text, i) =>
        text === 'bad' ? [{ ...denial(`spec.list[${String(i)}]`), subject: 'digest of bad' }] : [],
      );
    });
    const { findings } = evaluate(
      [moved],
      update(server({ list: ['bad'] }), server({ list: ['good', 'bad'] })),
      NOTHING,
    );
    expect(findings.map(({ level, path }) => [level, path])).toEqual([['warn', 'spec.list[1]']]);
  });

  it('does not apply to rules about the change itself', () => {
    const change = rule('change', () => [denial('spec')], {
      match: { resources: ['mcpservers'], operations: ['UPDATE'] },
    });
    const { findings } = evaluate([change], update(server(), server({ image: 'x' })), NOTHING);
    expect(findings.map(({ level }) => level)).toEqual(['deny']);
  });
});

describe('queries', () => {
  const asking = rule('asking', () => [], { queries: ({ namespace }) => [{ ask: 'namespace', name: namespace }] });

  it('are asked once, also for the stored object', () => {
    expect(queriesOf([asking, { ...asking, id: 'again' }], update(server(), server({ image: 'x' })))).toEqual([
      { ask: 'namespace', name: 'ns' },
    ]);
  });

  it('are asked live where one rule needs it so, whichever comes first', () => {
    const live = { ask: 'authzConfig', namespace: 'ns', name: 'a' } as const;
    const asWatched = { ...live, asWatched: true } as const;
    const needing = (id: string, query: Query): WriteRule => rule(id, () => [], { queries: () => [query] });
    const [one, other] = [needing('live', live), needing('as-watched', asWatched)];
    expect(queriesOf([one, other], create(server()))).toEqual([live]);
    expect(queriesOf([other, one], create(server()))).toEqual([live]);
    expect(queriesOf([other, other], create(server()))).toEqual([asWatched]);
  });

  it('are not asked for an exempt request', () => {
    expect(queriesOf([asking], update(server(), server()))).toEqual([]);
  });

  it('of a rule that throws are none; evaluate reports it', () => {
    const broken = rule('broken', () => [], {
      queries: () => {
        throw new Error('boom');
      },
    });
    expect(queriesOf([broken, asking], create(server()))).toEqual([{ ask: 'namespace', name: 'ns' }]);
    expect(evaluate([broken], create(server()), NOTHING).failures.map(({ error }) => error.message)).toEqual(['boom']);
  });
});

describe('a ConfigMap with decision tests', () => {
  const map = (data: unknown, metadata: Record<string, unknown> = {}): KubernetesObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'm', namespace: 'ns', ...metadata },
    data,
  });
  const label = (value: string): Record<string, unknown> => ({
    labels: { 'authz.toolhive.stacklok.dev/decision-tests': value },
  });
  const action = (value: string): Record<string, unknown> => ({
    annotations: { 'authz.toolhive.stacklok.dev/decision-tests-action': value },
  });
  const UNCHANGED = 'the spec is unchanged';

  it.each([
    ['data', map({ a: '1' }), map({ a: '2' }), undefined],
    ['the label', map({}, label('a')), map({}, label('b')), undefined],
    ['the label, which was not there', map({}), map({}, label('b')), undefined],
    ['the action', map({}, action('Warn')), map({}, action('Deny')), undefined],
    ['the action, which was not there', map({}, label('a')), map({}, { ...label('a'), ...action('Deny') }), undefined],
    ['another label', map({}, { labels: { a: 'b' } }), map({}, { labels: { a: 'c' } }), UNCHANGED],
    ['another annotation', map({}), map({}, { annotations: { a: 'b' } }), UNCHANGED],
    ['a label without a value', map({}), map({}, label('')), UNCHANGED],
    ['a field spec, which it does not have', map({}), { ...map({}), spec: 1 }, UNCHANGED],
  ])('is judged by %s', (_what, before, after, why) => {
    expect(exemption(update(before, after))).toBe(why);
  });
});

describe('what a rule is for', () => {
  const core = (kind: string, labels?: Record<string, string>): KubernetesObject => ({
    apiVersion: 'v1',
    kind,
    metadata: { name: 'x', ...(labels === undefined ? {} : { labels }) },
  });
  const match = (extra: Partial<Match> = {}): Match => ({
    resources: ['mcpservers'],
    operations: ['CREATE'],
    ...extra,
  });
  const pods = match({ group: '', resources: ['pods'], labels: { a: ['1', '2'], b: ['x'] } });

  it.each<[string, Match, KubernetesObject, boolean]>([
    ["one of ToolHive's", match(), server(), true],
    ['another of them', match(), config(), false],
    ['an older version of it', match(), { ...server(), apiVersion: 'toolhive.stacklok.dev/v1alpha1' }, true],
    ['a kind of the same name elsewhere', match(), { ...server(), apiVersion: 'example.com/v1' }, false],
    ['a kind of the same name in the core', match(), { ...server(), apiVersion: 'v1' }, false],
    ['another operation', match({ operations: ['UPDATE'] }), server(), false],
    ["a kind that is nobody's", match({ resources: ['secrets'], group: '' }), core('Secret'), false],
    ['a ConfigMap', match({ resources: ['configmaps'], group: '' }), core('ConfigMap'), true],
    ['a ConfigMap without the group', match({ resources: ['configmaps'] }), core('ConfigMap'), false],
    [
      'a Pod of another group',
      match({ resources: ['pods'], group: 'example.com' }),
      { ...core('Pod'), apiVersion: 'example.com/v1' },
      false,
    ],
    ['a Pod with every label', pods, core('Pod', { a: '2', b: 'x', c: 'y' }), true],
    ['a Pod with a label at another value', pods, core('Pod', { a: '3', b: 'x' }), false],
    ['a Pod with one of them', pods, core('Pod', { a: '1' }), false],
    ['a Pod without labels', pods, core('Pod'), false],
    ['a Pod without labels, where none will do', { ...pods, labels: { a: [''] } }, core('Pod'), true],
  ])('%s', (_what, wanted, object, expected) => {
    expect(matching([{ match: wanted }], create(object)).length > 0).toBe(expected);
  });

  it('a rule about writes is not asked about a deletion, nor one about deletions about a write', () => {
    const everything: Match = { resources: ['mcpservers'], operations: ['CREATE', 'DELETE'] };
    const queries = (): readonly [] => {
      throw new Error('asked');
    };
    const write = rule('write', () => [denial('spec')], { match: everything, queries });
    const deletion: DeleteRule = { ...write, on: 'delete', queries, check: () => [denial('')] };
    expect(evaluate([write], remove(server()), NOTHING)).toEqual({ findings: [], failures: [] });
    expect(evaluate([deletion], create(server()), NOTHING)).toEqual({ findings: [], failures: [] });
    expect(evaluate([write], create(server()), NOTHING).failures).toHaveLength(1);
    expect(evaluate([deletion], remove(server()), NOTHING).failures).toHaveLength(1);
  });

  it('a rule about deletions asks and finds on a deletion', () => {
    const deletion: DeleteRule = {
      id: 'deletion',
      title: 'deletion',
      on: 'delete',
      match: { resources: ['mcpauthzconfigs'], operations: ['DELETE'] },
      queries: ({ name }) => [{ ask: 'referrers', namespace: 'ns', name }],
      check: ({ name }, world) => [denial('', `${name}: ${world.referrers('ns', name).state}`)],
    };
    expect(queriesOf([deletion], remove(config()))).toEqual([{ ask: 'referrers', namespace: 'ns', name: 'a' }]);
    expect(queriesOf([deletion], create(config()))).toEqual([]);
    expect(evaluate([deletion], remove(config()), NOTHING).findings.map(({ message }) => message)).toEqual([
      'a: unknown',
    ]);
  });
});

describe('mutators', () => {
  const mutator = (
    id: string,
    queries: Mutator['queries'],
    resources: readonly string[] = ['mcpservers'],
  ): Mutator => ({
    id,
    title: id,
    match: { resources, operations: ['CREATE', 'UPDATE'] },
    queries,
    mutate: ({ object }) => ({ object, findings: [] }),
  });
  const namespaces = mutator('namespaces', ({ namespace }) => [{ ask: 'namespace', name: namespace }]);
  const others = mutator('others', () => [{ ask: 'namespace', name: 'other' }], ['mcpauthzconfigs']);
  const broken = mutator('broken', () => {
    throw new Error('boom');
  });

  it('apply where they match, and to nothing on its way out', () => {
    const ids = (input: Parameters<typeof applicableMutators>[1]): readonly string[] =>
      applicableMutators([namespaces, others], input).map(({ id }) => id);
    expect(ids(create(server()))).toEqual(['namespaces']);
    expect(ids(create(server({}, { deletionTimestamp: '2026-11-24T00:00:00Z' })))).toEqual([]);
  });

  it('ask each question once; one that throws asks nothing', () => {
    expect(queriesOfMutators([broken, namespaces, namespaces, others], create(server()))).toEqual([
      { ask: 'namespace', name: 'ns' },
    ]);
  });
});

describe('what an update is judged by', () => {
  it('the stored object is looked at as if it were created, with questions of its own', () => {
    const seen: unknown[] = [];
    const images = rule(
      'images',
      (input) => {
        seen.push([input.operation, input.oldObject !== undefined]);
        return [denial('spec')];
      },
      { queries: ({ object }) => [{ ask: 'namespace', name: JSON.stringify(object['spec']) }] },
    );
    const input = update(server({ image: 'a' }), server({ image: 'b' }));
    expect(queriesOf([images], input)).toEqual([
      { ask: 'namespace', name: '{"image":"b"}' },
      { ask: 'namespace', name: '{"image":"a"}' },
    ]);
    evaluate([images], input, NOTHING);
    expect(seen).toEqual([
      ['UPDATE', true],
      ['CREATE', false],
    ]);
  });

  it('it is looked at in the name of whoever updates', () => {
    const users: unknown[] = [];
    const watching = rule('watching', ({ user }) => {
      users.push(user);
      return [denial('spec')];
    });
    const input = update(server({ image: 'a' }), server({ image: 'b' }));
    const user = { username: 'alice', groups: ['dev'] };
    evaluate([watching], { ...input, user }, NOTHING);
    evaluate([watching], input, NOTHING);
    expect(users).toEqual([user, user, undefined, undefined]);
  });

  it.each([
    ['a creation', {}, create(server())],
    ['an update, of a rule that compares', { tellsOldFromNew: true }, update(server(), server({ image: 'b' }))],
  ] as const)('nothing is asked for a stored object: %s', (_title, extra, input) => {
    let asked = 0;
    const counting = rule('counting', () => [denial('spec')], {
      ...extra,
      queries: () => {
        asked += 1;
        return [];
      },
    });
    evaluate([counting], input, NOTHING);
    expect(asked).toBe(1);
  });

  it('it is not looked at where nothing is refused', () => {
    let looks = 0;
    const lenient = rule('lenient', () => {
      looks += 1;
      return [{ ...denial('spec'), level: 'warn' }];
    });
    evaluate([lenient], update(server({ image: 'a' }), server({ image: 'b' })), NOTHING);
    expect(looks).toBe(1);
  });

  const told = (now: readonly Finding[], then: readonly Finding[]): readonly string[] => {
    const both = rule('both', ({ oldObject }) => (oldObject === undefined ? then : now));
    return evaluate([both], update(server({ image: 'a' }), server({ image: 'b' })), NOTHING).findings.map(
      ({ level, path }) => `${level} ${path}`,
    );
  };

  it.each<[string, readonly Finding[], readonly Finding[], readonly string[]]>([
    ['the same', [denial('spec.a')], [denial('spec.a')], ['warn spec.a']],
    ['the same of two', [denial('spec.a'), denial('spec.b')], [denial('spec.a')], ['deny spec.b', 'warn spec.a']],
    ['at another place', [denial('spec.a')], [denial('spec.b')], ['deny spec.a']],
    ['with another message', [denial('spec.a', 'x')], [denial('spec.a', 'y')], ['deny spec.a']],
    ['for another reason', [denial('spec.a')], [{ ...denial('spec.a'), reason: 'Other' }], ['deny spec.a']],
    [
      'about another subject',
      [{ ...denial('spec.a'), subject: '1' }],
      [{ ...denial('spec.a'), subject: '2' }],
      ['deny spec.a'],
    ],
    ['what was a warning', [denial('spec.a')], [{ ...denial('spec.a'), level: 'warn' }], ['deny spec.a']],
    [
      'a warning beside it, which stays as it is',
      [denial('spec.a'), { ...denial('spec.b'), level: 'audit' }],
      [denial('spec.a'), denial('spec.b')],
      ['warn spec.a', 'audit spec.b'],
    ],
  ])('%s', (_what, now, then, expected) => {
    expect(told(now, then)).toEqual(expected);
  });
});

describe('the order of findings', () => {
  const finding = (extra: Partial<RuleFinding>): RuleFinding => ({ ...denial('spec', 'm'), ruleId: 'r', ...extra });
  it.each<[string, Partial<RuleFinding>, Partial<RuleFinding>]>([
    ['refusals before open questions', { level: 'deny' }, { level: 'unknown' }],
    ['open questions before warnings', { level: 'unknown' }, { level: 'warn' }],
    ['warnings before what is for the audit log', { level: 'warn' }, { level: 'audit' }],
    ['paths by their text', { path: 'a' }, { path: 'b' }],
    ['paths by their numbers', { path: 'a[9]' }, { path: 'a[10]' }],
    ['rules by their name', { ruleId: 'a' }, { ruleId: 'b' }],
    ['messages by their text', { message: 'a' }, { message: 'b' }],
  ])('%s', (_what, first, second) => {
    expect(compareFindings(finding(first), finding(second))).toBeLessThan(0);
    expect(compareFindings(finding(second), finding(first))).toBeGreaterThan(0);
    expect(compareFindings(finding(first), finding(first))).toBe(0);
  });
});
