/** Stands between a client and a server and misbehaves as networks do. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface TcpProxy {
  readonly port: number;
  /** What is open now goes dead without a word, and stays so; what is opened from then on works. */
  readonly silence: () => void;
  /** Closes what is open and refuses what comes, until it is told to let pass. */
  readonly cut: (cut: boolean) => void;
  /** Open from the client's side. */
  readonly connections: () => number;
  readonly close: () => Promise<void>;
}

export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const pairs = new Map<Socket, Socket>();
  let isCut = false;
  const server = createServer((client) => {
    if (isCut) {
      client.destroy();
      return;
    }
    const upstream = connect(target, '127.0.0.1');
    pairs.set(client, upstream);
    const end = (): void => {
      pairs.delete(client);
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      socket.on('error', end);
      socket.on('close', end);
    }
    client.pipe(upstream);
    upstream.pipe(client);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    silence: () => {
      for (const [client, upstream] of pairs) {
        client.unpipe(upstream);
        upstream.unpipe(client);
        // Read and thrown away, so that nothing is told to either side.
        client.resume();
        upstream.resume();
      }
    },
    cut: (cut) => {
      isCut = cut;
      if (cut) {
        [...pairs.keys()].forEach((client) => client.destroy());
      }
    },
    connections: () => pairs.size,
    close: () => {
      [...pairs.keys()].forEach((client) => client.destroy());
      return new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}
