import { createWorldAnswers } from '../../src/engine/world-view.ts';
import { evaluate, exemption, queriesOf } from '../../src/engine/evaluate.ts';
import type { Finding, Rule, WriteRule } from '../../src/rules/contract.ts';
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
    expect(evaluate([always, never], input, NOTHING).findings.length === 0).toBe(why !== undefined);
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
    expect(evaluate([broken], create(server()), NOTHING).failures).toHaveLength(1);
  });
});
