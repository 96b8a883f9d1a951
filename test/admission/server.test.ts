/** The server over real sockets: certificates that change, callers that must sign in, connections that end. */
import { once } from 'node:events';
import { Agent, request } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { connect, TLSSocket } from 'node:tls';
import { onlyClients } from '../../src/admission/client-names.ts';
import { startServer, type RunningServer, type ServerOptions } from '../../src/admission/server.ts';
import { issueCa, issueClient, issueServing } from '../../src/certs/issue.ts';
import { until } from '../support/until.ts';

const LIFE = { lifetimeMs: 3_600_000, now: new Date() };
const ca = await issueCa({ commonName: 'ca', ...LIFE });
const stranger = await issueCa({ commonName: 'stranger', ...LIFE });
const first = await issueServing({ ca, dnsNames: ['localhost'], ...LIFE });
const second = await issueServing({ ca, dnsNames: ['localhost'], ...LIFE });
const minVersion = 'TLSv1.3' as const;
const started: RunningServer[] = [];

async function start(options: Partial<ServerOptions>, allowed: readonly string[] = []): Promise<RunningServer> {
  const listener = onlyClients(allowed, (_request, response) => response.end('hello'));
  const server = await startServer(listener, { address: '127.0.0.1', port: 0, ...options });
  started.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.stop()));
});

interface Answer {
  readonly status: number | undefined;
  readonly connection: string | undefined;
  readonly serial: string;
}

function get({ port }: RunningServer, options: object = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request({ port, host: 'localhost', ca: ca.cert, agent: false, ...options }, (response) => {
      const { socket } = response;
      const serialNumber = socket instanceof TLSSocket ? socket.getPeerCertificate().serialNumber : '';
      response.resume().on('end', () => {
        resolve({ status: response.statusCode, connection: response.headers.connection, serial: serialNumber });
      });
    });
    call.on('error', reject);
    call.end();
  });
}

it('opens its port without a certificate, and takes one up, and another one, without a restart', async () => {
  const server = await start({ tls: { minVersion } });
  await expect(get(server)).rejects.toThrow(/handshake failure|ECONNRESET|socket/);
  server.secure(first);
  const before = await get(server);
  server.secure(second);
  const after = await get(server);
  expect([before.status, after.status]).toEqual([200, 200]);
  expect(after.serial).not.toBe(before.serial);
});

it('keeps its lowest TLS version when the certificate changes', async () => {
  const server = await start({ tls: { minVersion, material: first } });
  server.secure(second);
  await expect(get(server, { maxVersion: 'TLSv1.2' })).rejects.toThrow(/protocol version/);
});

describe('callers that must sign in', () => {
  const client = (name: string, by = ca): Promise<object> => issueClient({ ca: by, commonName: name, ...LIFE });
  const tls = { minVersion, material: first, clientCa: ca.cert };

  it.each([
    ['the allowed name is answered', ['apiserver'], () => client('apiserver'), 200],
    ['any name is answered where none is given', [], () => client('anybody'), 200],
    ['another name is refused', ['apiserver'], () => client('mallory'), 403],
  ])('%s', async (_title, allowed, credentials, status) => {
    const server = await start({ tls }, allowed);
    expect((await get(server, await credentials())).status).toBe(status);
    server.secure(second);
    expect((await get(server, await credentials())).status).toBe(status);
  });

  it.each([
    ['without a certificate', () => Promise.resolve({})],
    ['with the certificate of a stranger', () => client('apiserver', stranger)],
  ])('%s there is no connection', async (_title, credentials) => {
    const server = await start({ tls });
    await expect(get(server, await credentials())).rejects.toThrow();
  });
});

it('asks to open another connection after so many answers, and after so long', async () => {
  const tls = { minVersion, material: first };
  const counted = await start({ tls, connections: { maxRequests: 3 } });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const answers = [];
  for (let calls = 0; calls < 4; calls += 1) {
    answers.push((await get(counted, { agent })).connection);
  }
  agent.destroy();
  expect(answers).toEqual(['keep-alive', 'keep-alive', 'close', 'keep-alive']);
  const aged = await start({ tls, connections: { maxAgeMs: 0 } });
  expect((await get(aged, { agent: new Agent({ keepAlive: true }) })).connection).toBe('close');
});

it('answers what comes while it stops, as the last of its connection, and then is gone', async () => {
  const server = await start({ tls: { minVersion, material: first } });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  await get(server, { agent });
  const stopped = server.stop();
  expect(server.listening()).toBe(false);
  expect(await get(server, { agent })).toMatchObject({ status: 200, connection: 'close' });
  await stopped;
  await expect(get(server)).rejects.toThrow(/ECONNREFUSED/);
});

it('answers who comes while it stops although nobody was connected for a moment', async () => {
  const server = await start({ tls: { minVersion, material: first } });
  const agent = new Agent({ keepAlive: false });
  await get(server, { agent });
  const stopped = server.stop();
  const later = performance.now() + 200; // several looks of the server's at who is there
  await until('a Service sends somebody else', () => performance.now() > later);
  expect(await get(server, { agent })).toMatchObject({ status: 200, connection: 'close' });
  await stopped;
  await expect(get(server, { agent })).rejects.toThrow(/ECONNREFUSED/);
});

it('answers who was still shaking hands when it was told to stop', async () => {
  const server = await start({ tls: { minVersion, material: first } });
  const slow = connectTcp(server.port, '127.0.0.1');
  await once(slow, 'connect');
  const stopped = server.stop();
  const socket = connect({ socket: slow, servername: 'localhost', ca: ca.cert });
  await once(socket, 'secureConnect');
  const later = performance.now() + 200; // several looks of the server's at what is idle
  await until('a busy API server sends', () => performance.now() > later);
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  expect(chunk.toString()).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*Connection: close\r\n/);
  await stopped;
});

it('answers what arrived while it was too busy to look, however long it believes the connection idle', async () => {
  const server = await start({ tls: { minVersion, material: first } });
  const socket = connect({ port: server.port, host: 'localhost', ca: ca.cert });
  await once(socket, 'secureConnect');
  const ask = async (): Promise<string> => {
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const [chunk] = (await Promise.race([once(socket, 'data'), once(socket, 'close')])) as [unknown];
    return String(chunk);
  };
  await ask();
  const stopped = server.stop();
  const answer = ask();
  const later = performance.now() + 1500; // longer than what is idle stays open
  while (performance.now() < later); // no event reaches the server meanwhile
  expect(await answer).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*Connection: close\r\n/);
  await stopped;
});

it('ends although somebody holds a connection and says nothing', async () => {
  const server = await start({ tls: { minVersion, material: first } });
  const idle = connect({ port: server.port, host: 'localhost', ca: ca.cert });
  await once(idle, 'secureConnect');
  idle.resume();
  await Promise.all([once(idle, 'close'), server.stop()]);
});
