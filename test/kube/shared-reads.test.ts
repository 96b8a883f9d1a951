import type { ApiRequest, KubeClient } from '../../src/kube/client.ts';
import { sharedReads } from '../../src/kube/shared-reads.ts';

interface Sent {
  readonly call: ApiRequest;
  readonly answer: (value: unknown) => void;
  readonly fail: (error: Error) => void;
}

/** A client whose answers are in the test's hands. */
function heldClient(): { readonly client: KubeClient; readonly sent: Sent[] } {
  const sent: Sent[] = [];
  const client: KubeClient = {
    request: (call) =>
      new Promise((resolve, reject) => {
        sent.push({ call, answer: resolve, fail: reject });
        call.signal?.addEventListener('abort', () => {
          reject(new Error('aborted'));
        });
      }),
    stream: () => Promise.reject(new Error('not asked for')),
    close: () => undefined,
  };
  return { client, sent };
}

const get = (path: string, signal?: AbortSignal): ApiRequest =>
  signal === undefined ? { method: 'GET', path } : { method: 'GET', path, signal };

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('reads of one object', () => {
  it('that are asked for while one is under way share the one that follows, never the one that began before', async () => {
    const { client, sent } = heldClient();
    const shared = sharedReads(client, () => 0);
    const first = shared.request(get('/a'));
    const others = [shared.request(get('/a')), shared.request(get('/a')), shared.request(get('/a'))];
    expect(sent).toHaveLength(1);
    sent[0]?.answer('old');
    await turn();
    expect(sent).toHaveLength(2);
    sent[1]?.answer('new');
    expect(await first).toBe('old');
    expect(await Promise.all(others)).toEqual(['new', 'new', 'new']);
  });

  it('follow also one that failed', async () => {
    const { client, sent } = heldClient();
    const shared = sharedReads(client, () => 0);
    const first = shared.request(get('/a'));
    const second = shared.request(get('/a'));
    sent[0]?.fail(new Error('broken'));
    await expect(first).rejects.toThrow('broken');
    await turn();
    sent[1]?.answer('fine');
    expect(await second).toBe('fine');
  });

  it('do not wait for one that takes long', () => {
    const { client, sent } = heldClient();
    let now = 0;
    const shared = sharedReads(client, () => now);
    void shared.request(get('/a'));
    now = 51;
    void shared.request(get('/a'));
    expect(sent).toHaveLength(2);
  });

  it('are left by whoever has no time any more, without harm to the others', async () => {
    const { client, sent } = heldClient();
    const shared = sharedReads(client, () => 0);
    const leaver = new AbortController();
    void shared.request(get('/a'));
    const leaving = shared.request(get('/a', leaver.signal));
    const staying = shared.request(get('/a'));
    leaver.abort(new Error('no time left'));
    await expect(leaving).rejects.toThrow('no time left');
    sent[0]?.answer('old');
    await turn();
    sent[1]?.answer('new');
    expect(await staying).toBe('new');
  });

  it('that nobody waits for any more are given up, and asked for anew by whoever comes next', async () => {
    const { client, sent } = heldClient();
    const shared = sharedReads(client, () => 0);
    const leaver = new AbortController();
    void shared.request(get('/a'));
    const leaving = shared.request(get('/a', leaver.signal));
    leaver.abort(new Error('no time left'));
    await expect(leaving).rejects.toThrow('no time left');
    const late = shared.request(get('/a'));
    sent[0]?.answer('old');
    await turn();
    const last = sent.at(-1);
    expect(last?.call.signal?.aborted).toBe(false);
    last?.answer('new');
    expect(await late).toBe('new');
  });

  it('are told apart by path, and lists and writes are left alone', () => {
    const { client, sent } = heldClient();
    const shared = sharedReads(client, () => 0);
    void shared.request(get('/a'));
    void shared.request(get('/b'));
    void shared.request({ method: 'GET', path: '/a', query: { limit: '500' } });
    void shared.request({ method: 'GET', path: '/a', query: { limit: '500' } });
    void shared.request({ method: 'POST', path: '/a', body: {} });
    void shared.request({ method: 'POST', path: '/a', body: {} });
    expect(sent).toHaveLength(6);
  });
});
