/** What is served follows the files and the Secret; what cannot be used never replaces what is served. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { issueCa, issueServing, type IssuedCertificate } from '../../src/certs/issue.ts';
import type { ServingCertificate } from '../../src/certs/files.ts';
import { createCertificateSource, fromFiles, fromSecret, type CertificateSource } from '../../src/certs/source.ts';
import { systemClock } from '../../src/kube/clock.ts';
import { createTestLog } from '../support/log.ts';
import { startObjectServer, type ObjectServer } from '../support/object-server.ts';
import { until } from '../support/until.ts';

const NOW = new Date('2026-11-01T12:00:00Z');
const HOUR = 3_600_000;
const ca = await issueCa({ commonName: 'ca', lifetimeMs: 100 * HOUR, now: NOW });
const issue = (lifetimeMs = HOUR, now = NOW): Promise<IssuedCertificate> =>
  issueServing({ ca, dnsNames: ['a.b.svc'], lifetimeMs, now });
const first = await issue();
const second = await issue();
const expired = await issue(HOUR, new Date(NOW.getTime() - 2 * HOUR));
const log = createTestLog();

let folder: string;
let stopping: AbortController;
let running: Promise<void>;
let served: ServingCertificate[];
let now = NOW;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mcp-authz-source-'));
  stopping = new AbortController();
  served = [];
  now = NOW;
});
afterEach(async () => {
  stopping.abort();
  await running;
  rmSync(folder, { recursive: true });
});

function run(load: ReturnType<typeof fromFiles>): CertificateSource {
  const source = createCertificateSource({
    ...{ load, pollMs: 5, clock: systemClock, now: () => now, logger: log.logger },
    serve: (certificate) => void served.push(certificate),
  });
  running = source.run(stopping.signal);
  return source;
}

/** As kubelet does: `..data` is a symbolic link to a folder, swapped by a rename. */
function mount(name: string, { cert, key }: IssuedCertificate): void {
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, 'tls.crt'), cert);
  writeFileSync(join(folder, name, 'tls.key'), key);
  symlinkSync(name, join(folder, '..tmp'));
  renameSync(join(folder, '..tmp'), join(folder, '..data'));
}

const certs = (): readonly string[] => served.map(({ cert }) => cert);

describe('mounted files', () => {
  const start = (): CertificateSource =>
    run(fromFiles(join(folder, '..data', 'tls.crt'), join(folder, '..data', 'tls.key')));

  it('are served, and served anew when the mount changes', async () => {
    mount('one', first);
    const source = start();
    await until('the first is served', () => served.length === 1);
    mount('two', second);
    await until('the second is served', () => served.length === 2);
    expect(certs()).toEqual([first.cert, second.cert]);
    expect(source.fault()).toBeUndefined();
  });

  it.each([
    ['a key of another certificate', { cert: second.cert, key: first.key }, /the key in .* does not belong/],
    ['no certificate at all', { cert: 'nonsense', key: first.key }, /is not a PEM certificate/],
    ['one that expired', expired, /the new certificate is not used: .*expired/],
  ])('keep what is served where they change to %s, and say so once', async (_title, bad, message) => {
    mount('one', first);
    const source = start();
    await until('the first is served', () => served.length === 1);
    const warned = (): readonly unknown[] => log.lines.filter(({ fields }) => message.test(String(fields['error'])));
    mount('two', bad);
    await until('it is said', () => warned().length > 0);
    mount('three', second);
    await until('the next good one is served', () => served.length === 2);
    expect(warned().length).toBe(1);
    expect(certs()).toEqual([first.cert, second.cert]);
    expect(source.fault()).toBeUndefined();
  });

  it('are not ready once they expired', async () => {
    mount('one', first);
    const source = start();
    await until('the first is served', () => served.length === 1);
    now = new Date(NOW.getTime() + HOUR);
    expect(source.fault()).toBe('the serving certificate expired at 2026-11-01T13:00:00.000Z');
  });
});

describe('the Secret', () => {
  const PATH = '/api/v1/namespaces/n/secrets/s';
  let server: ObjectServer;
  beforeEach(async () => {
    server = await startObjectServer();
  });
  afterEach(() => server.close());

  const put = ({ cert, key }: IssuedCertificate): void => {
    const data = { 'tls.crt': Buffer.from(cert).toString('base64'), 'tls.key': Buffer.from(key).toString('base64') };
    server.objects.set(PATH, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'n' }, data });
  };

  it('is waited for, and followed', async () => {
    const source = run(fromSecret(server.client, { namespace: 'n', name: 's' }));
    await until('it is asked for', () => server.received.length > 1);
    expect(source.fault()).toBe('it is not issued yet');
    put(first);
    await until('the first is served', () => served.length === 1);
    put(second);
    await until('the second is served', () => served.length === 2);
    expect(source.fault()).toBeUndefined();
  });

  it('that holds a pair that does not match is refused', async () => {
    put({ cert: first.cert, key: second.key });
    const source = run(fromSecret(server.client, { namespace: 'n', name: 's' }));
    await until('it is refused', () => source.fault() === 'Secret n/s holds no certificate with its key');
    expect(served).toEqual([]);
  });
});
