/** Who refers to a config where the API server cannot filter by it, and workloads are remembered. */
import { WORKLOADS } from '../../src/api/toolhive.ts';
import { createReferrersOf, type KnownWorkload } from '../../src/kube/referrers.ts';
import type { Referrer } from '../../src/rules/contract.ts';
import { answer, status } from '../support/fault-server.ts';
import { startObjectServer, type ObjectServer } from '../support/object-server.ts';

const VERSION = 'v1beta1';
const LIST = `/apis/toolhive.stacklok.dev/${VERSION}/namespaces/ns/mcpservers`;
const UNFILTERED = answer(400, status(400, 'BadRequest', 'field label not supported'));

let server: ObjectServer;
let known: Map<string, KnownWorkload>;

beforeEach(async () => {
  server = await startObjectServer();
  known = new Map();
});
afterEach(() => server.close());

/** As the API server has it: in the list of metadata and by itself. */
function stored(...workloads: readonly (KnownWorkload & { readonly name: string })[]): void {
  const metadataOf = ({ name, uid, resourceVersion }: (typeof workloads)[number]): object => {
    return { metadata: { name, namespace: 'ns', uid, resourceVersion } };
  };
  const items = workloads.length === 0 ? null : workloads.map(metadataOf);
  server.objects.set(LIST, {
    ...{ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata: { resourceVersion: '99' }, items },
  });
  for (const each of workloads) {
    server.objects.set(`${LIST}/${each.name}`, {
      ...{ apiVersion: `toolhive.stacklok.dev/${VERSION}`, kind: 'MCPServer', ...metadataOf(each) },
      spec: each.reference === undefined ? {} : { authzConfigRef: { name: each.reference } },
    });
  }
}

const version = (uid: string, resourceVersion: string, reference?: string): KnownWorkload => {
  return { uid, resourceVersion, reference };
};

function referrers(): Promise<readonly Referrer[]> {
  const [type] = WORKLOADS;
  if (type === undefined) {
    throw new Error('there is no kind of workload');
  }
  const remembered = (kind: string, namespace: string, name: string): KnownWorkload | undefined =>
    kind === 'MCPServer' && namespace === 'ns' ? known.get(name) : undefined;
  const signal = AbortSignal.timeout(10_000);
  server.next('GET', UNFILTERED);
  return createReferrersOf(server.client, remembered)(type, VERSION, 'ns', 'shared', signal);
}

const read = (): readonly string[] => server.received.filter(({ path }) => path !== LIST).map(({ path }) => path);

it('reads no workload that is known in the version that is listed', async () => {
  stored({ name: 'a', ...version('1', '10', 'shared') }, { name: 'b', ...version('2', '11', 'other') });
  known.set('a', version('1', '10', 'shared')).set('b', version('2', '11', 'other'));
  expect(await referrers()).toEqual([{ kind: 'MCPServer', name: 'a' }]);
  expect(read()).toEqual([]);
});

it('reads what is not known, what is known in another version, and what was made anew, and believes what it reads', async () => {
  stored(
    { name: 'new', ...version('1', '10', 'shared') },
    { name: 'changed', ...version('2', '21', 'shared') },
    { name: 'renewed', ...version('4', '12', 'shared') },
    { name: 'left', ...version('5', '23') },
  );
  known
    .set('changed', version('2', '11'))
    .set('renewed', version('3', '12'))
    .set('left', version('5', '13', 'shared'));
  expect((await referrers()).map(({ name }) => name)).toEqual(['new', 'changed', 'renewed']);
  expect(read()).toEqual(['new', 'changed', 'renewed', 'left'].map((name) => `${LIST}/${name}`));
});

it('does not count what it remembers and the API server does not list, nor what is gone when it is read', async () => {
  stored({ name: 'gone', ...version('1', '10', 'shared') });
  server.objects.delete(`${LIST}/gone`);
  known.set('deleted', version('2', '11', 'shared'));
  expect(await referrers()).toEqual([]);
});

it('takes a list of nothing for what it is', async () => {
  stored();
  known.set('deleted', version('2', '11', 'shared'));
  expect(await referrers()).toEqual([]);
});

it('says nothing where a workload could not be read', async () => {
  stored({ name: 'new', ...version('1', '10') });
  const pending = referrers();
  server.next('GET', answer(200, JSON.stringify(server.objects.get(LIST))), answer(500, status(500, '', 'broken')));
  await expect(pending).rejects.toThrow('broken');
});

it('reads the whole list where too much is not known', async () => {
  const many = Array.from({ length: 21 }, (_, number) => ({ name: `w${String(number)}`, ...version('1', '10') }));
  stored(...many);
  const pending = referrers();
  const whole = many.map(({ name }) => ({ metadata: { name }, spec: { authzConfigRef: { name: 'shared' } } }));
  const list = { kind: 'MCPServerList', apiVersion: `toolhive.stacklok.dev/${VERSION}`, metadata: {}, items: whole };
  server.next('GET', answer(200, JSON.stringify(server.objects.get(LIST))), answer(200, JSON.stringify(list)));
  expect(await pending).toHaveLength(21);
  expect(read()).toEqual([]);
});
