import { createValidatingHandler } from '../../src/admission/handler.ts';
import type { AdmissionRequest } from '../../src/api/admission.ts';
import type { KubernetesObject } from '../../src/api/objects.ts';
import { createConfigMemory } from '../../src/kube/config-memory.ts';
import { recallAll } from '../../src/kube/remembered-configs.ts';
import { createReferenceRule } from '../../src/rules/reference.ts';
import { answers, NAMESPACE, present } from '../support/answers.ts';
import { NOW, resolved, server } from '../support/objects.ts';

const SEEN = { uid: 'u', generation: 1, terminating: false };
const BROKEN = present(
  resolved(
    { problems: [{ path: 'spec.config', reason: 'Broken', message: 'It is broken.' }] },
    { uid: 'u', generation: 1 },
  ),
);

const to = (name: string, image: string): KubernetesObject => server({ authzConfigRef: { name }, image });

function update(object: KubernetesObject, oldObject: KubernetesObject): AdmissionRequest {
  const version = { group: 'toolhive.stacklok.dev', version: 'v1beta1' };
  return {
    uid: 'u-1',
    operation: 'UPDATE',
    ...{ kind: { ...version, kind: 'MCPServer' }, resource: { ...version, resource: 'mcpservers' }, subResource: '' },
    ...{ name: 'w', namespace: 'ns', userInfo: { username: 'alice', groups: [] }, dryRun: false },
    ...{ object, oldObject },
  };
}

function setUp(seen: typeof SEEN): {
  readonly ask: (request: AdmissionRequest) => Promise<{ readonly allowed: unknown; readonly warnings: unknown }>;
  readonly world: { reads: number; armed: number };
} {
  const world = { reads: 0, armed: 0 };
  const memory = createConfigMemory(() => seen);
  memory.remember('ns', 'a', BROKEN);
  const handle = createValidatingHandler(() => [createReferenceRule({ missingReference: 'Warn' })], {
    resolve: () => {
      world.reads += 1;
      return Promise.resolve(answers({ config: present(resolved()), namespace: NAMESPACE }));
    },
    recall: (queries) => recallAll(queries, memory),
    now: () => NOW,
  });
  const signal = (): AbortSignal => {
    world.armed += 1;
    return new AbortController().signal;
  };
  return {
    world,
    ask: async (request) => {
      const outcome = await handle(request, { signal });
      const { allowed, warnings } = outcome.kind === 'response' ? outcome.response : {};
      return { allowed, warnings };
    },
  };
}

it('an update that keeps its reference is answered from what was seen, without a read or a deadline', async () => {
  const { ask, world } = setUp(SEEN);
  expect(await ask(update(to('a', '2'), to('a', '1')))).toEqual({
    allowed: true,
    warnings: [expect.stringContaining('It is broken. Correct the config first. This was so before the update')],
  });
  expect(world).toEqual({ reads: 0, armed: 0 });
});

it.each([
  ['the reference is new', SEEN, update(to('a', '1'), to('b', '1'))],
  ['the watch cache has seen another generation', { ...SEEN, generation: 2 }, update(to('a', '2'), to('a', '1'))],
])('it is read live where %s', async (_title, seen, request) => {
  const { ask, world } = setUp(seen);
  expect(await ask(request)).toEqual({ allowed: true, warnings: undefined });
  expect(world).toEqual({ reads: 1, armed: 1 });
});
