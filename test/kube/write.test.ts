/** Each write is one request of the right kind, and a refusal says which sort of refusal it is. */
import { isConflict, isFieldManagerConflict, isNamespaceTerminating } from '../../src/kube/errors.ts';
import { createWriter, type Writer } from '../../src/kube/write.ts';
import { answer, neverAnswer, status } from '../support/fault-server.ts';
import { startObjectServer, type ObjectServer } from '../support/object-server.ts';

const COLLECTION = '/apis/toolhive.stacklok.dev/v1beta1/namespaces/ns/mcpservers';
const PATH = `${COLLECTION}/a`;
const OBJECT = { apiVersion: 'toolhive.stacklok.dev/v1beta1', kind: 'MCPServer', metadata: { name: 'a' } };
const APPLY = { fieldManager: 'us', force: false };

let server: ObjectServer;
let writer: Writer;
const { signal } = new AbortController();

beforeEach(async () => {
  server = await startObjectServer();
  writer = createWriter(server.client);
});
afterEach(() => server.close());

it('every write goes to its place, as its kind, under our name', async () => {
  await writer.create(COLLECTION, OBJECT, signal);
  server.objects.set(`${PATH}/status`, OBJECT);
  await writer.applyStatus(PATH, { ...OBJECT, status: {} }, APPLY, signal);
  await writer.applyObject(PATH, OBJECT, { fieldManager: 'us', force: true }, signal);
  await writer.mergePatch(PATH, { metadata: { labels: { a: 'b' } } }, signal);
  await writer.replace(PATH, { ...OBJECT, spec: {} }, signal);
  await writer.remove(PATH, { uid: 'u', resourceVersion: '1' }, signal);
  const ours = { fieldManager: 'mcp-authz-webhook' };
  expect(server.received.map(({ method, path, query, contentType }) => [method, path, query, contentType])).toEqual([
    ['POST', COLLECTION, ours, 'application/json'],
    ['PATCH', `${PATH}/status`, { fieldManager: 'us', force: 'false' }, 'application/apply-patch+yaml'],
    ['PATCH', PATH, { fieldManager: 'us', force: 'true' }, 'application/apply-patch+yaml'],
    ['PATCH', PATH, ours, 'application/merge-patch+json'],
    ['PUT', PATH, ours, 'application/json'],
    ['DELETE', PATH, {}, 'application/json'],
  ]);
  expect(server.received.at(-1)?.body).toEqual({
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    preconditions: { uid: 'u', resourceVersion: '1' },
  });
});

it('a stale resourceVersion is a conflict, without a second try', async () => {
  await writer.create(COLLECTION, OBJECT, signal);
  const stale = { metadata: { resourceVersion: '0' } };
  const error: unknown = await writer.mergePatch(PATH, stale, signal).catch((reason: unknown) => reason);
  expect([isConflict(error), isFieldManagerConflict(error)]).toEqual([true, false]);
  expect(error).toMatchObject({ code: 'API_CONFLICT', status: 409, reason: 'Conflict' });
  expect(server.received).toHaveLength(2);
});

it('a conflict of server-side apply names the fields and who owns them', async () => {
  const causes = [{ reason: 'FieldManagerConflict', field: '.status.a', message: 'conflict with "other"' }];
  server.next('PATCH', answer(409, status(409, 'Conflict', 'Apply failed with 1 conflict', { causes })));
  const error: unknown = await writer.applyStatus(PATH, OBJECT, APPLY, signal).catch((reason: unknown) => reason);
  expect([isConflict(error), isFieldManagerConflict(error)]).toEqual([true, true]);
  expect(error).toMatchObject({ causes });
});

it('a namespace that is going away is told from a missing permission', async () => {
  const causes = [{ reason: 'NamespaceTerminating', field: 'metadata.namespace', message: 'is being terminated' }];
  server.next(
    'POST',
    answer(403, status(403, 'Forbidden', 'no', { causes })),
    answer(403, status(403, 'Forbidden', 'no')),
  );
  const errors = [1, 2].map(() => writer.create(COLLECTION, OBJECT, signal).catch((reason: unknown) => reason));
  expect((await Promise.all(errors)).map(isNamespaceTerminating).sort()).toEqual([false, true]);
});

it('429 tells how long to wait', async () => {
  server.next('POST', answer(429, status(429, 'TooManyRequests', 'later'), { 'Retry-After': '7' }));
  await expect(writer.create(COLLECTION, OBJECT, signal)).rejects.toMatchObject({
    code: 'API_TOO_MANY_REQUESTS',
    retryAfterMs: 7000,
  });
});

it('what is aborted ends at once', async () => {
  const controller = new AbortController();
  server.next('PUT', neverAnswer);
  const call = writer.replace(PATH, OBJECT, controller.signal);
  controller.abort();
  await expect(call).rejects.toMatchObject({ code: 'API_UNAVAILABLE', status: 0 });
});

it('an answer that is no object is no success', async () => {
  server.next('POST', answer(200, '<html>'));
  await expect(writer.create(COLLECTION, OBJECT, signal)).rejects.toThrow('something that is no object');
});

it('behind a fence that closed nothing is sent', async () => {
  let open = true;
  const fenced = createWriter(server.client, () => open);
  const first = fenced.create(COLLECTION, OBJECT, signal);
  open = false; // while the credentials were being looked up
  await expect(first).rejects.toMatchObject({ code: 'API_FENCED' });
  await expect(fenced.remove(PATH, {}, signal)).rejects.toMatchObject({ code: 'API_FENCED' });
  expect(server.received).toEqual([]);
});
