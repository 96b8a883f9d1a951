import { ApiError } from '../../src/kube/errors.ts';
import type { Writer } from '../../src/kube/write.ts';
import type { KubernetesObject } from '../../src/api/objects.ts';
import { CONTENTION_LIMIT } from '../../src/reconcile/contended.ts';
import type { StatusWrite } from '../../src/reconcile/status.ts';
import { createStatusWriter, UndeclaredFieldError, type StatusWriter } from '../../src/reconcile/status-writer.ts';
import { config } from '../support/objects.ts';

const SIGNAL = new AbortController().signal;
const OBJECT = config({}, { uid: 'u' });
const DECISION = { status: { conditions: [], referenceCount: 1 }, changed: true, force: false };

type Apply = Writer['applyStatus'];

function setUp(
  apply: Apply,
  patch: Writer['mergePatch'] = () => Promise.reject(new Error('patched')),
): {
  status: StatusWriter;
  time: { ms: number };
  write: (status?: object, decision?: Partial<StatusWrite>) => Promise<number>;
} {
  const time = { ms: 0 };
  const unused = (): never => {
    throw new Error('a status is only ever applied');
  };
  const writer: Writer = {
    applyStatus: apply,
    applyObject: unused,
    mergePatch: patch,
    create: unused,
    replace: unused,
    remove: unused,
  };
  const clock = { now: () => time.ms, after: unused, random: () => 0 };
  const status = createStatusWriter({ writer, clock });
  const write = async (given?: object, decision?: Partial<StatusWrite>): Promise<number> => {
    const all = { ...DECISION, status: { ...DECISION.status, ...given }, ...decision };
    return (await status.write('/p', OBJECT, all, SIGNAL)).wait;
  };
  return { status, time, write };
}

const stored = (body: object): Promise<KubernetesObject> =>
  Promise.resolve({ ...OBJECT, ...(body as Record<string, unknown>) }); // what apply was given is an object

it('U7: a write that fails is told to the caller, who tries again', async () => {
  const { write } = setUp(() => Promise.reject(new ApiError('API_UNAVAILABLE', 500, 'etcd is slow')));
  await expect(write()).rejects.toThrow('etcd is slow');
});

it('is applied without force, for the object that was looked at', async () => {
  const calls: unknown[] = [];
  const { write } = setUp((path, body, options) => {
    calls.push([path, body, options]);
    return stored(body);
  });
  expect(await write()).toBe(0);
  expect(calls).toEqual([
    [
      '/p',
      {
        apiVersion: OBJECT.apiVersion,
        kind: OBJECT.kind,
        metadata: { name: 'a', namespace: 'ns', uid: 'u', resourceVersion: '7' },
        status: DECISION.status,
      },
      { fieldManager: 'mcp-authz-webhook', force: false },
    ],
  ]);
});

it('is applied by force where another has a part of what is ours alone', async () => {
  const options: unknown[] = [];
  const { write } = setUp((_path, body, given) => {
    options.push(given);
    return stored(body);
  });
  await write({}, { force: true });
  expect(options).toEqual([{ fieldManager: 'mcp-authz-webhook', force: true }]);
});

it('that loses an entangled condition is patched instead, and only that', async () => {
  const calls: unknown[] = [];
  const { write } = setUp(
    () => Promise.reject(new Error('applied')),
    (path, patch) => {
      calls.push([path, patch]);
      return Promise.resolve(OBJECT);
    },
  );
  await write({}, { withoutEntangled: [{ type: 'Ready' }] });
  const metadata = { name: 'a', namespace: 'ns', uid: 'u', resourceVersion: '7' };
  expect(calls).toEqual([['/p/status', { metadata, status: { conditions: [{ type: 'Ready' }] } }]]);
});

it('is not sent where nothing changes', async () => {
  const { status } = setUp(() => Promise.reject(new Error('sent')));
  expect(await status.write('/p', OBJECT, { ...DECISION, changed: false }, SIGNAL)).toEqual({
    wait: 0,
    object: OBJECT,
  });
});

describe('a field that the CRD does not declare', () => {
  it('is known after the API server refused it', async () => {
    const message = 'failed to create typed patch object (…): .status.referenceCount: field not declared in schema';
    const { status, write, time } = setUp(() => Promise.reject(new ApiError('API_REFUSED', 400, message)));
    await expect(write()).rejects.toThrow(new UndeclaredFieldError(['referenceCount']));
    expect([...status.undeclared('MCPAuthzConfig')]).toEqual(['referenceCount']);
    expect([...status.undeclared('MCPServer')]).toEqual([]);
    time.ms = 3600_000; // the CRD may have been upgraded by then
    expect([...status.undeclared('MCPAuthzConfig')]).toEqual([]);
  });

  it('is known after the API server dropped it', async () => {
    const { status, write } = setUp((_path, body) => stored({ ...body, status: { conditions: [] } }));
    await write();
    expect([...status.undeclared('MCPAuthzConfig')]).toEqual(['referenceCount']);
  });
});

describe('contention', () => {
  it('the same written over and over is left alone until the window is over, and counted', async () => {
    const { status, write, time } = setUp((_path, body) => stored(body));
    for (let i = 0; i < CONTENTION_LIMIT.writes; i += 1) {
      expect(await write()).toBe(0);
      time.ms += 1000;
    }
    const wait = await write();
    expect([wait, status.contended()]).toEqual([CONTENTION_LIMIT.windowMs - CONTENTION_LIMIT.writes * 1000, 1]);
    time.ms += wait;
    expect([await write(), status.contended()]).toEqual([0, 0]);
  });

  it('what differs each time is no contention', async () => {
    const { write } = setUp((_path, body) => stored(body));
    const waits = [];
    for (let i = 0; i < 50; i += 1) {
      waits.push(await write({ referenceCount: i }));
    }
    expect(new Set(waits)).toEqual(new Set([0]));
  });
});
