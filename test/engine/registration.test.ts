import { webhookConfigurations } from '../../src/engine/registration.ts';
import { MUTATORS } from '../../src/injection/index.ts';
import { DEFAULT_POLICY, type Rule } from '../../src/rules/contract.ts';
import { createRules } from '../../src/rules/index.ts';

const RULES = createRules(DEFAULT_POLICY);
const SERVICE = { service: { namespace: 'system', name: 'webhook' } };

interface Webhook {
  readonly name: string;
  readonly clientConfig: unknown;
  readonly rules: readonly { readonly operations: readonly string[]; readonly resources: readonly string[] }[];
  readonly namespaceSelector: { readonly matchExpressions: readonly { readonly values: readonly string[] }[] };
}

interface Conditional {
  readonly name: string;
  readonly matchConditions?: readonly { readonly expression: string }[];
}

function webhooks(
  target: Parameters<typeof webhookConfigurations>[0]['target'],
  rules: readonly Rule[] = RULES,
): readonly Webhook[] {
  return webhookConfigurations({ rules, mutators: MUTATORS, target }).flatMap(
    (configuration) => (configuration as { webhooks: readonly Webhook[] }).webhooks,
  );
}

describe('the webhook configurations', () => {
  it('ask for exactly what the rules match', () => {
    const asked = webhooks(SERVICE).map(({ name, rules }) => [
      name,
      rules.map(({ operations, resources }) => `${operations.join('+')} ${resources.join(',')}`),
    ]);
    expect(asked).toEqual([
      ['workloads.mutate.authz.toolhive.stacklok.dev', ['CREATE+UPDATE mcpremoteproxies,mcpservers,virtualmcpservers']],
      ['configs.mutate.authz.toolhive.stacklok.dev', ['CREATE+UPDATE mcpauthzconfigs']],
      ['pods.mutate.authz.toolhive.stacklok.dev', ['CREATE pods']],
      [
        'workloads.validate.authz.toolhive.stacklok.dev',
        ['CREATE+UPDATE mcpremoteproxies,mcpservers,virtualmcpservers'],
      ],
      ['configs.validate.authz.toolhive.stacklok.dev', ['CREATE+UPDATE mcpauthzconfigs']],
      ['configs.delete.authz.toolhive.stacklok.dev', ['DELETE mcpauthzconfigs']],
      ['decision-tests.validate.authz.toolhive.stacklok.dev', ['CREATE+UPDATE configmaps']],
    ]);
  });

  it('ask of ConfigMaps those only that are labelled as decision tests', () => {
    const asked = webhooks(SERVICE).find(({ name }) => name.startsWith('decision-tests.'));
    expect(asked).toMatchObject({
      objectSelector: {
        matchExpressions: [{ key: 'authz.toolhive.stacklok.dev/decision-tests', operator: 'Exists' }],
      },
      rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], scope: 'Namespaced' }],
    });
  });

  it('keep apart what is matched for different operations', () => {
    const rule = (operations: Rule['match']['operations'], resources: readonly string[]): Rule => ({
      id: 'x',
      title: 'x',
      on: 'delete',
      match: { resources, operations },
      queries: () => [],
      check: () => [],
    });
    const [, , , validating] = webhooks(SERVICE, [
      rule(['CREATE'], ['mcpservers']),
      rule(['UPDATE'], ['mcpremoteproxies']),
    ]);
    expect(validating?.rules).toMatchObject([
      { operations: ['UPDATE'], resources: ['mcpremoteproxies'] },
      { operations: ['CREATE'], resources: ['mcpservers'] },
    ]);
  });

  it('ask for the pods of proxies and for no others', () => {
    const pods = webhooks(SERVICE).find(({ name }) => name.startsWith('pods.'));
    expect(pods).toMatchObject({
      failurePolicy: 'Fail',
      rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }],
      objectSelector: {
        matchExpressions: [
          { key: 'toolhive', operator: 'In', values: ['true'] },
          {
            key: 'app.kubernetes.io/name',
            operator: 'In',
            values: ['mcpserver', 'mcpremoteproxy', 'virtualmcpserver'],
          },
        ],
      },
    });
    expect(pods?.namespaceSelector.matchExpressions[0]?.values).toContain('kube-system');
    expect(
      webhooks(SERVICE).flatMap((webhook) => ('objectSelector' in webhook ? [webhook.name.split('.')[0]] : [])),
    ).toEqual(['pods', 'decision-tests']);
  });

  it('go to the service, and spare its namespace and those of the cluster itself', () => {
    const [first] = webhooks(SERVICE);
    expect(first?.clientConfig).toEqual({
      service: { namespace: 'system', name: 'webhook', path: '/mutate', port: 443 },
    });
    expect(first?.namespaceSelector.matchExpressions[0]?.values).toEqual([
      'kube-system',
      'kube-public',
      'kube-node-lease',
      'system',
    ]);
  });

  it('leave out the annotations that the loop writes, where its account is known, and nothing else', () => {
    const account = { namespace: 'system', name: 'loop' };
    const made = (known: typeof account | undefined): readonly object[] =>
      webhookConfigurations({ rules: RULES, mutators: MUTATORS, target: SERVICE, account: known });
    const conditions = (configurations: readonly object[]): readonly (readonly [string, readonly string[]])[] =>
      (configurations as readonly { webhooks: readonly Conditional[] }[]).flatMap(({ webhooks: all }) =>
        all.map(({ name, matchConditions = [] }) => [name, matchConditions.map((each) => each.expression)] as const),
      );
    const added = conditions(made(account)).flatMap(([name, expressions], index) =>
      expressions
        .filter((expression) => conditions(made(undefined))[index]?.[1].includes(expression) === false)
        .map((expression) => [name, expression]),
    );
    expect(added).toEqual([
      [
        'workloads.mutate.authz.toolhive.stacklok.dev',
        'request.operation != "UPDATE" || object.?spec != oldObject.?spec || ' +
          'request.userInfo.username != "system:serviceaccount:system:loop"',
      ],
    ]);
  });

  it('go to a URL with a certificate authority', () => {
    const [, , , second] = webhooks({ url: 'https://127.0.0.1:9443/', caBundle: 'Q0E=' });
    expect(second?.clientConfig).toEqual({ url: 'https://127.0.0.1:9443/validate', caBundle: 'Q0E=' });
    expect(second?.namespaceSelector.matchExpressions[0]?.values).toHaveLength(3);
  });

  it('leave out what nobody matches', () => {
    const configurations = webhookConfigurations({ rules: [], mutators: [], target: SERVICE });
    expect(configurations).toMatchObject([
      { kind: 'MutatingWebhookConfiguration', webhooks: [{ name: expect.stringMatching(/^workloads\./) as string }] },
      { kind: 'ValidatingWebhookConfiguration', webhooks: [] },
    ]);
  });

  it('say nothing of a certificate authority where none is given', () => {
    const [first] = webhooks({ url: 'https://127.0.0.1:9443' });
    expect(first?.clientConfig).toStrictEqual({ url: 'https://127.0.0.1:9443/mutate' });
  });
});
