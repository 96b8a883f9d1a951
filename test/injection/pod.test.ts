/** What a proxy's pod is given when it is created, against a world of plain objects and the real analysis. */
import fc from 'fast-check';
import jsonpatch from 'jsonpatch';
import { at } from '../../src/api/json.ts';
import { annotation, type KubernetesObject } from '../../src/api/objects.ts';
import { authorizerSpecOf, PROXIES } from '../../src/api/toolhive.ts';
import { analyze, createCedar } from '../../src/authorizers/index.ts';
import { applicableMutators, queriesOfMutators } from '../../src/engine/evaluate.ts';
import { mutate, type MutationResult } from '../../src/engine/mutate.ts';
import { desiredMaps } from '../../src/injection/config-maps.ts';
import { planInjection } from '../../src/injection/plan.ts';
import { podInjection } from '../../src/injection/pod.ts';
import { UNKNOWN } from '../support/answers.ts';
import { clusterWorld } from '../support/cluster-world.ts';
import { config, create, workload } from '../support/objects.ts';
import { operatorConfig, pod, PROXY_KINDS, type ProxyKind } from '../support/pods.ts';

const HASH = 'authz.toolhive.stacklok.dev/config-hash';
const REFERENCE = { authzConfigRef: { name: 'a' } };
const CONFIG = config();
const analysis = analyze(authorizerSpecOf(CONFIG), createCedar());
const rendering = analysis.rendering ?? { hash: '', runtimeJson: '' };

function referring(kind: ProxyKind, authorization: object = REFERENCE): KubernetesObject {
  return workload(kind, kind === 'VirtualMCPServer' ? { incomingAuth: authorization } : { ...authorization }, {
    uid: 'u',
  });
}

function run(object: KubernetesObject, world: readonly KubernetesObject[]): MutationResult {
  const input = create(object);
  return mutate([podInjection], input, clusterWorld(world)(queriesOfMutators([podInjection], input)));
}

/** The copy that the loop writes for this world. */
function copyOf(kind: ProxyKind, authorization?: object): KubernetesObject {
  const [type] = PROXIES.filter((each) => each.kind === kind);
  const object = referring(kind, authorization);
  const operator = at(operatorConfig(kind, 'w'), 'data', type?.key ?? '');
  const plan = planInjection({
    type: type ?? PROXIES[0],
    workload: object,
    config: { state: 'present', value: { object: CONFIG, analysis } },
    operator: String(operator),
  });
  const [, copy] = desiredMaps(type ?? PROXIES[0], object, plan).apply;
  return copy as unknown as KubernetesObject; // has what an object needs
}

const volumesOf = (object: KubernetesObject): unknown => at(object, 'spec', 'volumes');

describe.each(PROXY_KINDS)('a pod of a %s', (kind) => {
  const [type] = PROXIES.filter((each) => each.kind === kind);
  const own = type?.volume ?? '';
  const world = [referring(kind), CONFIG, operatorConfig(kind, 'w')];

  it('gets hash, projection and the copy, by name, and nothing else is touched', () => {
    const before = pod(kind, 'w');
    const { patch, findings, failures } = run(before, world);
    expect([findings, failures]).toEqual([[], []]);
    expect(patch).toEqual([
      { op: 'add', path: '/metadata/annotations/authz.toolhive.stacklok.dev~1config-hash', value: rendering.hash },
      {
        op: 'add',
        path: '/spec/containers/1/volumeMounts/-',
        value: { name: 'authz-config', mountPath: '/etc/toolhive/authz', readOnly: true },
      },
      { op: 'replace', path: '/spec/volumes/1/configMap/name', value: 'w-authz-runconfig' },
      {
        op: 'add',
        path: '/spec/volumes/-',
        value: {
          name: 'authz-config',
          configMap: { name: 'w-authz-ref', items: [{ key: 'authz.json', path: 'authz.json' }] },
        },
      },
    ]);
  });

  it('keeps the runtime config of an operator that carries the same', () => {
    const carrying = operatorConfig(kind, 'w', String(at(copyOf(kind), 'data', type?.key ?? '')));
    const { object, findings } = run(pod(kind, 'w'), [referring(kind), CONFIG, carrying]);
    expect(findings).toEqual([]);
    expect(volumesOf(object)).toContainEqual(expect.objectContaining({ name: 'authz-config' }));
    expect(volumesOf(object)).toContainEqual({
      name: own,
      configMap: { name: `w${type?.suffix ?? ''}`, defaultMode: 420 },
    });
  });

  it.each([
    ['refers to nothing', [referring(kind, {}), CONFIG, operatorConfig(kind, 'w')]],
    ['has its config inline', [referring(kind, { authzConfig: { type: 'inline' } }), CONFIG]],
    ['does not exist', [CONFIG, operatorConfig(kind, 'w')]],
  ])('is left as it is where the workload %s', (_title, objects) => {
    expect(run(pod(kind, 'w'), objects)).toMatchObject({ patch: [], findings: [], failures: [] });
  });

  it.each([
    ['is missing', [referring(kind), operatorConfig(kind, 'w')], 'MCPAuthzConfig "a" does not exist.'],
    [
      'is invalid',
      [referring(kind), config({ config: { policies: ['no policy'] } }), operatorConfig(kind, 'w')],
      'MCPAuthzConfig "a" is not valid.',
    ],
  ])('waits where the config %s', (_title, objects, why) => {
    const { object, findings } = run(pod(kind, 'w'), objects);
    expect(findings.map(({ level, message }) => [level, message])).toEqual([['warn', `This pod waits: ${why}`]]);
    expect(annotation(object, HASH)).toBe('unresolved');
    expect(volumesOf(object)).toContainEqual({ name: own, configMap: { name: 'w-authz-runconfig', defaultMode: 420 } });
  });

  it('waits, too, while the operator has not written its runtime config', () => {
    const { object } = run(pod(kind, 'w'), [referring(kind), CONFIG]);
    expect(volumesOf(object)).toContainEqual({ name: own, configMap: { name: 'w-authz-runconfig', defaultMode: 420 } });
    expect(annotation(object, HASH)).toBe(rendering.hash);
  });

  it('is not made while the copy is of an earlier config, and is once it is in step', () => {
    const stale = { ...copyOf(kind), data: { [type?.key ?? '']: 'earlier' } };
    const { findings, patch } = run(pod(kind, 'w'), [...world, stale]);
    expect(patch).toEqual([]);
    expect(findings.map(({ level, message }) => [level, message])).toEqual([
      ['unknown', 'ConfigMap "w-authz-runconfig" is of an earlier config and is about to be changed; try again.'],
    ]);
    expect(run(pod(kind, 'w'), [...world, copyOf(kind)]).findings).toEqual([]);
  });

  it('is not made while a config that is gone is still there as a copy', () => {
    const { findings } = run(pod(kind, 'w'), [referring(kind), operatorConfig(kind, 'w'), copyOf(kind)]);
    expect(findings.map(({ level }) => level)).toEqual(['unknown']);
  });
});

describe('what else a pod may look like', () => {
  const world = [referring('MCPServer'), CONFIG, operatorConfig('MCPServer', 'w')];
  const spec = at(pod('MCPServer', 'w'), 'spec') as { volumes: object[]; containers: object[] };
  const withSpec = (more: object): KubernetesObject => pod('MCPServer', 'w', { spec: { ...spec, ...more } });

  it.each([
    [
      'a volume of that name',
      { volumes: [...spec.volumes, { name: 'authz-config', emptyDir: {} }] },
      'spec.volumes[authz-config]',
    ],
    [
      'an optional volume of our ConfigMap',
      { volumes: [...spec.volumes, { name: 'authz-config', configMap: { name: 'w-authz-ref', optional: true } }] },
      'spec.volumes[authz-config]',
    ],
    [
      'something mounted there',
      { containers: [{ name: 'toolhive', volumeMounts: [{ name: 'scratch', mountPath: '/etc/toolhive/authz/' }] }] },
      'spec.containers[toolhive].volumeMounts',
    ],
  ])('%s is reported and kept; the copy is enforced all the same', (_title, more, path) => {
    const before = withSpec(more);
    const { object, findings } = run(before, world);
    expect(findings.map((finding) => [finding.level, finding.path, finding.reason])).toEqual([
      ['warn', path, 'ProjectionClash'],
    ]);
    expect(at(object, 'spec', 'containers')).toEqual(at(before, 'spec', 'containers'));
    expect(volumesOf(object)).toContainEqual(
      expect.objectContaining({ name: 'runconfig', configMap: { name: 'w-authz-runconfig', defaultMode: 420 } }),
    );
  });

  it.each([
    ['no volume of the runtime config', { volumes: [] }, 'has no such volume'],
    [
      'another ConfigMap there',
      { volumes: [{ name: 'runconfig', configMap: { name: 'mine' } }] },
      'has something else there',
    ],
    [
      'a Secret there',
      { volumes: [{ name: 'runconfig', secret: { secretName: 'w-runconfig' } }] },
      'has something else there',
    ],
  ])('a pod with %s is refused: it would run unguarded', (_title, more, found) => {
    const [denial] = run(withSpec(more), world).findings;
    expect([denial?.level, denial?.message]).toEqual([
      'deny',
      'Volume "runconfig" of ConfigMap "w-runconfig", from which the proxy reads its authorization, is not to be found: ' +
        `the pod ${found}. It would run without the config that its workload refers to.`,
    ]);
  });

  it('a copy is never optional', () => {
    const volumes = [{ name: 'runconfig', configMap: { name: 'w-runconfig', optional: true } }];
    expect(volumesOf(run(withSpec({ volumes }), world).object)).toEqual([
      { name: 'runconfig', configMap: { name: 'w-authz-runconfig' } },
      expect.objectContaining({ name: 'authz-config' }),
    ]);
  });

  it('a hash of the pod template is replaced, and that is said', () => {
    const { metadata } = pod('MCPServer', 'w');
    const forged = pod('MCPServer', 'w', {
      metadata: { ...metadata, annotations: { ...metadata.annotations, [HASH]: 'forged' } },
    });
    const { object, findings } = run(forged, world);
    expect(annotation(object, HASH)).toBe(rendering.hash);
    expect(findings.map(({ reason }) => reason)).toEqual(['AnnotationReplaced']);
  });

  it('a pod with the labels but no proxy is left alone', () => {
    expect(run(withSpec({ containers: [{ name: 'debugger' }] }), world).patch).toEqual([]);
  });

  it.each([
    ['the backend', { labels: { app: 'w', toolhive: 'true', 'toolhive-name': 'w' } }],
    [
      'the backend of a server named mcpserver',
      { labels: { app: 'mcpserver', toolhive: 'true', 'toolhive-name': 'mcpserver' } },
    ],
    ['anybody else', { labels: { 'app.kubernetes.io/name': 'mcpserver' } }],
    ['a pod without labels', {}],
  ])('%s is not asked about', (_title, metadata) => {
    expect(applicableMutators([podInjection], create(pod('MCPServer', 'w', { metadata })))).toEqual([]);
  });

  it.each(['workload', 'configMap'] as const)('nothing is decided without an answer: %s', (ask) => {
    const input = create(pod('MCPServer', 'w'));
    const queries = queriesOfMutators([podInjection], input);
    const answers = clusterWorld(world)(queries);
    const partial: typeof answers = {
      answer: (query) => (query.ask === ask ? UNKNOWN : answers.answer(query)),
    };
    const { patch, findings } = mutate([podInjection], input, partial);
    expect([patch, findings.map(({ level }) => level)]).toEqual([[], ['unknown']]);
  });
});

it('for any pod: twice is once, and what was there stays, but for the one volume that is pointed elsewhere', () => {
  const name = fc.constantFrom('w', 'a/b', 'x~y', '~1', '~0/', 'constructor');
  const map = fc.dictionary(name, fc.string());
  const volume = fc.record({
    name: fc.constantFrom('scratch', 'authz-config', 'x~y', 'a/b'),
    emptyDir: fc.constant({}),
  });
  const mount = fc.record({
    name,
    mountPath: fc.constantFrom('/x', '/etc/toolhive/authz', '/etc/toolhive/authz/', '/'),
  });
  const container = fc.record(
    { name: fc.constantFrom('side', 'a/b'), image: name, volumeMounts: fc.array(mount) },
    { requiredKeys: ['name'] },
  );
  const cases = fc.record({
    kind: fc.constantFrom(...PROXY_KINDS),
    annotations: map,
    labels: map,
    before: fc.array(container, { maxLength: 2 }),
    after: fc.array(container, { maxLength: 2 }),
    volumes: fc.array(volume, { maxLength: 3 }),
    mounts: fc.option(fc.array(mount, { maxLength: 2 }), { nil: undefined }),
    world: fc.constantFrom('valid', 'missing', 'none'),
  });
  fc.assert(
    fc.property(cases, ({ kind, annotations, labels, before, after, volumes, mounts, world }) => {
      const plain = pod(kind, 'w');
      const spec = plain['spec'] as { containers: { name: string; volumeMounts?: object[] }[]; volumes: object[] };
      const [, proxy] = spec.containers;
      const object: KubernetesObject = {
        ...plain,
        metadata: { ...plain.metadata, annotations, labels: { ...labels, ...plain.metadata.labels } },
        spec: {
          ...spec,
          containers: [
            ...before,
            { ...proxy, volumeMounts: [...(proxy?.volumeMounts ?? []), ...(mounts ?? [])] },
            ...after,
          ],
          volumes: [...volumes, ...spec.volumes],
        },
      };
      const objects = [referring(kind, world === 'none' ? {} : REFERENCE), operatorConfig(kind, 'w')];
      const around = world === 'valid' ? [...objects, CONFIG] : objects;
      const once = run(object, around);
      expect(once.failures).toEqual([]);
      expect(jsonpatch.apply_patch(object, once.patch)).toEqual(once.object);
      expect(run(once.object, around).patch).toEqual([]);
      const volume = spec.volumes.length + volumes.length - 1;
      for (const operation of once.patch) {
        expect(operation.op === 'add' || operation.path === `/spec/volumes/${String(volume)}/configMap/name`).toBe(
          true,
        );
      }
      expect(once.patch.length === 0).toBe(world === 'none');
    }),
  );
});
