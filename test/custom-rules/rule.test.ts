/** What a custom rule finds, asked by the engine as any other rule. */
import type { KubernetesObject } from '../../src/api/objects.ts';
import { decide } from '../../src/engine/decide.ts';
import type { RuleFinding } from '../../src/engine/evaluate.ts';
import type { Query, RuleInput } from '../../src/rules/contract.ts';
import { answers, UNKNOWN } from '../support/answers.ts';
import { clusterWorld } from '../support/cluster-world.ts';
import { evaluate, queriesOf } from '../support/evaluation.ts';
import { config, create, remove, server, update, virtualServer, workload } from '../support/objects.ts';
import { ANYTHING, compiled, ruleText } from './support.ts';

type Spec = Readonly<Record<string, unknown>>;

function findings(spec: Spec, input: RuleInput, cluster: readonly KubernetesObject[] = []): readonly RuleFinding[] {
  const rules = compiled(ruleText(spec));
  const evaluation = evaluate(rules, input, clusterWorld(cluster)(queriesOf(rules, input)));
  expect(evaluation.failures).toEqual([]);
  return evaluation.findings;
}

const messages = (...args: Parameters<typeof findings>): readonly string[] =>
  findings(...args).map(({ level, message }) => `${level}: ${message}`);

/** The value of an expression, shown by a message expression. */
function shown(
  expression: string,
  input: RuleInput,
  cluster: readonly KubernetesObject[] = [],
  more: Spec = {},
): string {
  return messages(
    { validations: [{ expression: 'false', messageExpression: expression }], ...more },
    input,
    cluster,
  ).join();
}

const namespace = (labels: Record<string, string>, metadata: Record<string, unknown> = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'ns', labels, ...metadata },
});

describe('which requests it is for', () => {
  const rule = (...rules: readonly Spec[]): Spec => ({
    matchConstraints: {
      resourceRules: rules.map((given) => ({ ...ANYTHING.resourceRules[0], ...given })),
    },
  });
  const old = { ...server(), apiVersion: 'toolhive.stacklok.dev/v1alpha1' };
  it.each<[string, Spec, RuleInput, boolean]>([
    ['a resource that is named', rule({ resources: ['mcpservers'] }), create(server()), true],
    ['another one', rule({ resources: ['mcpservers'] }), create(config()), false],
    ['an operation that is named', rule({ operations: ['UPDATE'] }), update(server(), server({ replicas: 2 })), true],
    ['another one', rule({ operations: ['UPDATE'] }), create(server()), false],
    ['a deletion', rule({ operations: ['DELETE'] }), remove(config()), true],
    ['no deletion', rule({ operations: ['CREATE', 'UPDATE'] }), remove(config()), false],
    [
      'the second of two, as a whole',
      rule(
        { resources: ['mcpservers'], operations: ['CREATE'] },
        { resources: ['mcpauthzconfigs'], operations: ['DELETE'] },
      ),
      create(config()),
      false,
    ],
    ['a name that is named', rule({ resourceNames: ['w'] }), create(server()), true],
    ['another name', rule({ resourceNames: ['x'] }), create(server()), false],
    ['no name yet', rule({ resourceNames: ['w'] }), create(server({}, { name: undefined, generateName: 'w' })), false],
    ['another version, for which it is equivalent', rule({ apiVersions: ['v1beta1'] }), create(old), true],
    [
      'another version, exactly',
      {
        matchConstraints: {
          ...(rule({ apiVersions: ['v1beta1'] })['matchConstraints'] as object),
          matchPolicy: 'Exact',
        },
      },
      create(old),
      false,
    ],
    [
      'the same version, exactly',
      {
        matchConstraints: {
          ...(rule({ apiVersions: ['v1alpha1'] })['matchConstraints'] as object),
          matchPolicy: 'Exact',
        },
      },
      create(old),
      true,
    ],
    [
      'what is excluded',
      {
        matchConstraints: {
          ...ANYTHING,
          excludeResourceRules: [{ ...ANYTHING.resourceRules[0], resources: ['mcpservers'] }],
        },
      },
      create(server()),
      false,
    ],
    [
      'what is not excluded',
      {
        matchConstraints: {
          ...ANYTHING,
          excludeResourceRules: [{ ...ANYTHING.resourceRules[0], resources: ['mcpservers'] }],
        },
      },
      create(config()),
      true,
    ],
  ])('%s', (_title, spec, input, expected) => {
    expect(messages(spec, input)).toEqual(expected ? ['deny: no.'] : []);
  });

  it('says so to the registration, writes and deletions apart', () => {
    const spec = rule(
      { resources: ['mcpservers'], operations: ['CREATE'] },
      { resources: ['mcpauthzconfigs'], operations: ['DELETE'] },
    );
    expect(compiled(ruleText(spec)).map(({ id, title, on, match }) => ({ id, title, on, match }))).toEqual([
      {
        id: 'mine',
        title: 'Custom rule "mine".',
        on: 'write',
        match: { resources: ['mcpservers'], operations: ['CREATE'] },
      },
      {
        id: 'mine',
        title: 'Custom rule "mine".',
        on: 'delete',
        match: { resources: ['mcpauthzconfigs'], operations: ['DELETE'] },
      },
    ]);
  });

  it('asks the world only for what it uses', () => {
    const ask = (spec: Spec, input: RuleInput): readonly Query[] => queriesOf(compiled(ruleText(spec)), input);
    const uses = (expression: string): Spec => ({ validations: [{ expression, message: 'm' }] });
    const referring = server({ authzConfigRef: { name: 'a' } });
    expect(ask({}, create(referring))).toEqual([]);
    expect(ask(uses('authzConfig == null'), create(referring))).toEqual([
      { ask: 'authzConfig', namespace: 'ns', name: 'a' },
    ]);
    expect(ask(uses('authzConfig == null'), create(server()))).toEqual([]);
    expect(ask(uses('namespaceObject == null'), create(server()))).toEqual([{ ask: 'namespace', name: 'ns' }]);
    expect(
      ask(
        {
          ...uses('authzConfig == null'),
          matchConstraints: { resourceRules: [{ ...ANYTHING.resourceRules[0], resources: ['mcpauthzconfigs'] }] },
        },
        create(referring),
      ),
    ).toEqual([]);
  });
});

describe('selectors', () => {
  const select = (selector: Spec): Spec => ({ matchConstraints: { ...ANYTHING, namespaceSelector: selector } });
  const expression = (key: string, operator: string, ...values: readonly string[]): Spec =>
    select({ matchExpressions: [{ key, operator, ...(values.length > 0 ? { values } : {}) }] });
  it.each<[string, Spec, Record<string, string>, boolean]>([
    ['nothing required', select({}), {}, true],
    ['a label', select({ matchLabels: { env: 'prod' } }), { env: 'prod' }, true],
    ['a label of another value', select({ matchLabels: { env: 'prod' } }), { env: 'test' }, false],
    ['a label that is not there', select({ matchLabels: { env: 'prod' } }), {}, false],
    ['two labels, one of them there', select({ matchLabels: { env: 'prod', tier: 'a' } }), { env: 'prod' }, false],
    ['In', expression('env', 'In', 'prod', 'stage'), { env: 'stage' }, true],
    ['In, not there', expression('env', 'In', 'prod'), {}, false],
    ['NotIn', expression('env', 'NotIn', 'prod'), { env: 'stage' }, true],
    ['NotIn, not there', expression('env', 'NotIn', 'prod'), {}, true],
    ['NotIn, there', expression('env', 'NotIn', 'prod'), { env: 'prod' }, false],
    ['Exists', expression('env', 'Exists'), { env: '' }, true],
    ['Exists, not there', expression('env', 'Exists'), {}, false],
    ['DoesNotExist', expression('env', 'DoesNotExist'), {}, true],
    ['DoesNotExist, there', expression('env', 'DoesNotExist'), { env: 'x' }, false],
    ['the name, which the API server adds', select({ matchLabels: { 'kubernetes.io/metadata.name': 'ns' } }), {}, true],
    ['a name that JavaScript knows', expression('constructor', 'Exists'), {}, false],
  ])('of namespaces: %s', (_title, spec, labels, expected) => {
    expect(messages(spec, create(server()), [namespace(labels)])).toEqual(expected ? ['deny: no.'] : []);
  });

  it.each<[string, RuleInput, boolean]>([
    ['the object', create(server({}, { labels: { a: 'b' } })), true],
    ['no label', create(server()), false],
    ['the old object only', update(server({}, { labels: { a: 'b' } }), server({ replicas: 2 })), true],
    ['the object that goes', remove(config({}, { labels: { a: 'b' } })), true],
  ])('of objects: %s', (_title, input, expected) => {
    const spec = { matchConstraints: { ...ANYTHING, objectSelector: { matchLabels: { a: 'b' } } } };
    expect(messages(spec, input)).toHaveLength(expected ? 1 : 0);
  });
});

describe('what expressions are told', () => {
  const referring = server({ authzConfigRef: { name: 'a' } });
  const described =
    'authzConfig == null ? "null" : authzConfig.name + " " + authzConfig.type + " " + string(authzConfig.valid) + " " + string(authzConfig.inline) + " " + string(size(authzConfig.hash)) + " " + string(size(authzConfig.problems))';
  it.each<[string, string, RuleInput, readonly KubernetesObject[], string]>([
    ['the object', 'object.metadata.name + object.spec.image', create(server()), [], 'wexample.com/server:1'],
    ['no old object on create', 'string(oldObject == null)', create(server()), [], 'true'],
    ['no object on delete', 'string(object == null) + oldObject.metadata.name', remove(config()), [], 'truea'],
    [
      'both on update',
      'oldObject.spec.image + " " + object.spec.image',
      update(server({ image: 'a' }), server({ image: 'b' })),
      [],
      'a b',
    ],
    [
      'the request',
      'request.operation + " " + request.name + " " + request.namespace + " " + request.kind.group + " " + request.kind.version + " " + request.kind.kind + " " + request.resource.resource',
      create(server()),
      [],
      'CREATE w ns toolhive.stacklok.dev v1beta1 MCPServer mcpservers',
    ],
    ['the user', 'request.userInfo.username + string(size(request.userInfo.groups))', remove(config()), [], 'alice0'],
    ['nobody, offline', '"<" + request.userInfo.username + ">"', create(server()), [], '<>'],
    [
      'the namespace',
      'namespaceObject.metadata.name + namespaceObject.metadata.labels.env',
      create(server()),
      [namespace({ env: 'prod' })],
      'nsprod',
    ],
    ['a config itself', described, create(config()), [], 'a cedarv1 true false 64 0'],
    [
      'a config that is not valid',
      `${described} + " " + authzConfig.problems[0].reason`,
      create(config({ config: {} })),
      [],
      'a cedarv1 false false 64 1 NoPolicies',
    ],
    ['a config of no known type', described, create(config({ type: 'opa' })), [], 'a opa false false 0 1'],
    ['the config that a workload refers to', described, create(referring), [config()], 'a cedarv1 true false 64 0'],
    [
      'of a VirtualMCPServer',
      described,
      create(virtualServer({ authzConfigRef: { name: 'a' } })),
      [config()],
      'a cedarv1 true false 64 0',
    ],
    ['a reference to nothing', described, create(referring), [], 'null'],
    ['no authorization', described, create(server()), [], 'null'],
    [
      'policies inline',
      `${described} + authzConfig.config.policies[0] + authzConfig.config.entities_json + authzConfig.config.group_claim_name`,
      create(
        workload('MCPRemoteProxy', {
          authzConfig: {
            type: 'inline',
            groupClaimName: 'g',
            inline: { policies: ['permit(principal, action, resource);'] },
          },
        }),
      ),
      [],
      'cedarv1 true true 64 0permit(principal, action, resource);[]g',
    ],
    [
      'policies in a ConfigMap',
      described,
      create(server({ authzConfig: { type: 'configMap', configMap: { name: 'x' } } })),
      [],
      'null',
    ],
    ['the config of what is deleted', described, remove(config()), [], 'a cedarv1 true false 64 0'],
    ['what it says', 'authzConfig.config.policies[0]', create(config()), [], 'permit(principal, action, resource);'],
    [
      'in any case of its keys, as Go reads it',
      'authzConfig.config.policies[0]',
      create(config({ config: { POLICIES: ['forbid(principal, action, resource);'] } })),
      [],
      'forbid(principal, action, resource);',
    ],
    [
      'deep down, and null for nothing',
      'string(authzConfig.config.http.insecure_skip_verify)',
      create(
        config({
          type: 'httpv1',
          config: {
            http: { url: 'https://a', insecure_skip_verify: false },
            HTTP: null,
            Http: { 'In\u017fecure_\u017f\u212aip_verify': true },
          },
        }),
      ),
      [],
      'false',
    ],
    [
      'the last one wins',
      'string(authzConfig.config.http.insecure_skip_verify)',
      create(
        config({
          type: 'httpv1',
          config: { http: { insecure_skip_verify: false, 'in\u017fecure_skip_verify': true } },
        }),
      ),
      [],
      'true',
    ],
  ])('%s', (_title, expression, input, cluster, expected) => {
    // An update that only the old object explains is a warning; here it is about the text.
    expect(shown(expression, input, cluster).replace(/ This was so before.*$/, '')).toMatch(/^(?:deny|warn): /);
    expect(shown(expression, input, cluster).replace(/^\w+: | This was so before.*$/g, '')).toBe(expected);
  });
});

describe('variables', () => {
  const variables = (...named: readonly (readonly [string, string])[]): Spec => ({
    variables: named.map(([name, expression]) => ({ name, expression })),
  });
  it.each<[string, string, Spec, string]>([
    ['use the ones before them', 'variables.b', variables(['a', '"x"'], ['b', 'variables.a + variables.a']), 'xx'],
    ['are not made unless they are used', '"fine"', variables(['bad', 'object.nothing.at.all']), 'fine'],
    ['are not made behind a condition', 'true ? "fine" : variables.bad', variables(['bad', 'object.nothing']), 'fine'],
    [
      'may be lists and maps',
      'string(variables.l[1] + variables.m.k)',
      variables(['l', '[1, 2]'], ['m', '{"k": 3}']),
      '5',
    ],
    ['may be the config', 'variables.c.type', variables(['c', 'authzConfig']), 'cedarv1'],
    ['may be called as in JavaScript', 'variables.constructor', variables(['constructor', '"c"']), 'c'],
    ['may be tested', 'string(has(variables.a))', variables(['a', '1']), 'true'],
  ])('%s', (_title, expression, spec, expected) => {
    expect(shown(expression, create(config()), [], spec)).toBe(`deny: ${expected}`);
  });

  it('that fail say so by name', () => {
    const spec = {
      ...variables(['a', 'object.nothing'], ['b', 'variables.a']),
      validations: [{ expression: 'variables.b', message: 'm' }],
    };
    expect(messages(spec, create(config()))).toEqual([
      'deny: Custom rule "mine" could not be evaluated: validations[0]: variables.b: variables.a: No such key: nothing.',
    ]);
  });
});

describe('messages', () => {
  const failing = (validation: Spec): Spec => ({
    validations: [{ expression: 'object.spec.replicas < 3', ...validation }],
  });
  const input = create(server({ replicas: 5 }));
  it.each<[string, Spec, string]>([
    ['the message', { message: ' too many ' }, 'too many'],
    ['the expression, where there is none', {}, 'failed expression: object.spec.replicas < 3'],
    ['made of the object', { messageExpression: '"not " + string(object.spec.replicas)', message: 'm' }, 'not 5'],
    ['made of nothing', { messageExpression: '" "', message: 'm' }, 'm'],
    ['made with a line break', { messageExpression: '"a\\nb"', message: 'm' }, 'm'],
    ['made and failed', { messageExpression: 'object.nothing', message: 'm' }, 'm'],
    ['made of no text', { messageExpression: 'object.spec.replicas', message: 'm' }, 'm'],
    [
      'made too long',
      {
        messageExpression:
          'object.spec.image.replace("", object.spec.image + object.spec.image + object.spec.image).replace("", "xxxxx")',
        message: 'm',
      },
      'm',
    ],
    [
      'made and failed, with nothing else',
      { messageExpression: 'object.nothing' },
      'failed expression: object.spec.replicas < 3',
    ],
  ])('%s', (_title, validation, expected) => {
    expect(messages(failing(validation), input)).toEqual([`deny: ${expected}`]);
  });

  it('are all told, with their reasons and as the action says', () => {
    const validations = [
      { expression: 'false', message: 'one', reason: 'Forbidden' },
      { expression: 'true', message: 'two' },
      { expression: 'false', message: 'three' },
    ];
    expect(findings({ validations }, input)).toEqual([
      {
        ruleId: 'mine',
        level: 'deny',
        path: 'spec',
        reason: 'ValidationFailed',
        message: 'one',
        refusal: 'Forbidden',
        subject: 'mine/0',
      },
      {
        ruleId: 'mine',
        level: 'deny',
        path: 'spec',
        reason: 'ValidationFailed',
        message: 'three',
        refusal: 'Invalid',
        subject: 'mine/2',
      },
    ]);
    expect(messages({ validations, action: 'Warn' }, input)).toEqual(['warn: one', 'warn: three']);
    expect(messages({ validations, action: 'Audit' }, input)).toEqual(['audit: one', 'audit: three']);
  });
});

describe('match conditions', () => {
  const when = (...expressions: readonly string[]): Spec => ({
    matchConditions: expressions.map((expression, index) => ({ name: `c${String(index)}`, expression })),
  });
  it.each<[string, Spec, readonly string[]]>([
    ['all true', when('true', 'object.kind == "MCPServer"'), ['deny: no.']],
    ['one false', when('true', 'false'), []],
    ['one false, whatever became of the others', when('object.nothing', 'false'), []],
    [
      'one failed',
      when('true', 'object.nothing'),
      ['deny: Custom rule "mine" could not be evaluated: match condition "c1": No such key: nothing.'],
    ],
    [
      'one no condition',
      when('object.kind'),
      ['deny: Custom rule "mine" could not be evaluated: match condition "c0": the result is not a bool.'],
    ],
  ])('%s', (_title, spec, expected) => {
    expect(messages(spec, create(server()))).toEqual(expected);
  });
});

describe('errors', () => {
  const failing = { validations: [{ expression: 'object.spec.nothing == 1 &&\n  true', message: 'm' }] };
  it.each<[string, Spec, string]>([
    ['are refusals', {}, 'deny'],
    ['are warnings of a rule that warns', { action: 'Warn' }, 'warn'],
    ['are noted of a rule that notes', { action: 'Audit' }, 'audit'],
    ['are noted where they are ignored', { failurePolicy: 'Ignore' }, 'audit'],
  ])('%s', (_title, spec, level) => {
    expect(findings({ ...failing, ...spec }, create(server()))).toEqual([
      {
        ruleId: 'mine',
        level,
        path: 'spec',
        reason: 'RuleError',
        message: 'Custom rule "mine" could not be evaluated: validations[0]: No such key: nothing.',
        detail: 'object.spec.nothing == 1 &&\n            ^',
        subject: 'mine/0',
      },
    ]);
  });

  it('share one budget over all expressions, and the next request has its own', () => {
    const list = Array.from({ length: 3000 }, (_, i) => i);
    const walk =
      'object.spec.list.all(x, object.spec.list.size() > x && x + 1 > x && x + 2 > x && x + 3 > x && x + 4 > x)';
    const spec = {
      validations: Array.from({ length: 15 }, (_, i) => ({ expression: `${walk} && ${String(i)} >= 0`, message: 'm' })),
    };
    const rules = compiled(ruleText(spec));
    const input = create(server({ list }));
    const run = (): readonly string[] =>
      evaluate(rules, input, clusterWorld([])([])).findings.map(({ message }) => message);
    const first = run();
    expect(first.length).toBeGreaterThan(0);
    expect(first.length).toBeLessThan(15);
    expect(new Set(first.map((message) => message.replace(/\[\d+\]/, '')))).toEqual(
      new Set([
        'Custom rule "mine" could not be evaluated: validations: evaluation needs more than 1000000 steps on this object.',
      ]),
    );
    expect(run()).toEqual(first);
  });
});

describe('what nobody could answer', () => {
  const referring = create(server({ authzConfigRef: { name: 'a' } }));
  const found = (spec: Spec, input: RuleInput = referring): readonly RuleFinding[] =>
    evaluate(compiled(ruleText(spec)), input, answers({ config: UNKNOWN, namespace: UNKNOWN })).findings;
  const WHY = 'Custom rule "mine" could not be checked: the API server did not answer.';
  const uses = (expression: string): Spec => ({ validations: [{ expression, message: 'm' }] });
  it.each<[string, Spec, readonly (readonly [string, string])[]]>([
    ['the config', uses('authzConfig == null'), [['unknown', WHY]]],
    [
      'the config, by a variable',
      { variables: [{ name: 'c', expression: 'authzConfig' }], ...uses('variables.c == null') },
      [['unknown', WHY]],
    ],
    [
      'the config, by a variable that does not matter',
      { variables: [{ name: 'c', expression: 'authzConfig.valid' }], ...uses('variables.c || true') },
      [],
    ],
    ['the namespace', uses('namespaceObject == null'), [['unknown', WHY]]],
    [
      'the labels of the namespace',
      { matchConstraints: { ...ANYTHING, namespaceSelector: { matchLabels: { a: 'b' } } } },
      [['unknown', WHY]],
    ],
    [
      'for a match condition',
      { matchConditions: [{ name: 'c', expression: 'authzConfig == null' }] },
      [['unknown', WHY]],
    ],
    [
      'for a match condition, and another says no',
      {
        matchConditions: [
          { name: 'c', expression: 'authzConfig == null' },
          { name: 'd', expression: 'false' },
        ],
      },
      [],
    ],
    [
      'for two validations, told once beside what is known',
      {
        validations: [
          { expression: 'authzConfig == null', message: 'm' },
          { expression: 'namespaceObject == null', message: 'm' },
          { expression: 'false', message: 'known' },
        ],
      },
      [
        ['deny', 'known'],
        ['unknown', WHY],
      ],
    ],
    ['for a rule that warns', { action: 'Warn', ...uses('authzConfig == null') }, [['warn', WHY]]],
    ['for a rule that notes', { action: 'Audit', ...uses('authzConfig == null') }, [['audit', WHY]]],
    [
      'for a message only',
      { validations: [{ expression: 'false', messageExpression: 'authzConfig.name', message: 'm' }] },
      [['deny', 'm']],
    ],
    ['that was not asked', uses('object == null'), [['deny', 'm']]],
  ])('%s', (_title, spec, expected) => {
    expect(found(spec).map(({ level, message }) => [level, message])).toEqual(expected);
  });

  it('leaves the request undecided', () => {
    expect(decide({ findings: found(uses('authzConfig == null')), failures: [] })).toEqual({
      verdict: 'undecided',
      code: 503,
      why: WHY,
    });
  });
});

describe('updates', () => {
  const image = {
    validations: [
      { expression: 'object.spec.image.startsWith("good/")', messageExpression: '"bad image " + object.spec.image' },
    ],
  };
  it('what was wrong before is a warning, although the message says something else', () => {
    expect(messages(image, update(server({ image: 'bad/1' }), server({ image: 'bad/2' })))).toEqual([
      'warn: bad image bad/2 This was so before the update, which is let through.',
    ]);
  });

  it.each<[string, Spec, RuleInput, readonly string[]]>([
    [
      'what the update brings is refused',
      image,
      update(server({ image: 'good/1' }), server({ image: 'bad/2' })),
      ['deny: bad image bad/2'],
    ],
    ['what was right stays right', image, update(server({ image: 'bad/1' }), server({ image: 'good/1' })), []],
    [
      'an error that was there before is a warning',
      { validations: [{ expression: 'object.spec.nothing' }] },
      update(server({ image: 'a' }), server({ image: 'b' })),
      [
        'warn: Custom rule "mine" could not be evaluated: validations[0]: No such key: nothing. This was so before the update, which is let through.',
      ],
    ],
    [
      'a rule about updates alone judges the update',
      {
        matchConstraints: { resourceRules: [{ ...ANYTHING.resourceRules[0], operations: ['UPDATE'] }] },
        validations: [{ expression: 'object.spec.image == oldObject.spec.image', message: 'fixed' }],
      },
      update(server({ image: 'a' }), server({ image: 'b' })),
      ['deny: fixed'],
    ],
    [
      'of the spec only: labels are not asked about',
      image,
      update(server({ image: 'bad' }), server({ image: 'bad' }, { labels: { a: 'b' } })),
      [],
    ],
  ])('%s', (_title, spec, input, expected) => {
    expect(messages(spec, input)).toEqual(expected);
  });
});

describe('deletions', () => {
  it.each<[string, RuleInput, readonly KubernetesObject[], readonly string[]]>([
    ['by a person', remove(config()), [], ['deny: no.']],
    ['by the namespace controller', remove(config(), 'system:serviceaccount:kube-system:namespace-controller'), [], []],
    [
      'by the garbage collector',
      remove(config(), 'system:serviceaccount:kube-system:generic-garbage-collector'),
      [],
      [],
    ],
    ['in a namespace that goes', remove(config()), [namespace({}, { deletionTimestamp: '2026-01-01T00:00:00Z' })], []],
    ['of what is going already', remove(config({}, { deletionTimestamp: '2026-01-01T00:00:00Z' })), [], []],
  ])('%s', (_title, input, cluster, expected) => {
    expect(messages({}, input, cluster)).toEqual(expected);
  });
});

it('rules of several files are all asked, each under its own name', () => {
  const rules = compiled(ruleText({}, 'one'), `${ruleText({}, 'two')}---\n${ruleText({}, 'three')}`);
  expect(evaluate(rules, create(server()), clusterWorld([])([])).findings.map(({ ruleId }) => ruleId)).toEqual([
    'one',
    'three',
    'two',
  ]);
});
