/** Who may ask, where callers sign in with a certificate: the API server's, by the common name of its certificate. */
import type { RequestListener } from 'node:http';
import { TLSSocket } from 'node:tls';

/** `allowed` empty: everybody whose certificate the given CA signed, which the handshake has checked already. */
export function onlyClients(allowed: readonly string[], listener: RequestListener): RequestListener {
  if (allowed.length === 0) {
    return listener;
  }
  return (request, response) => {
    const name = request.socket instanceof TLSSocket ? commonName(request.socket) : undefined;
    if (name !== undefined && allowed.includes(name)) {
      listener(request, response);
      return;
    }
    request.resume();
    response.writeHead(403, { 'Content-Type': 'text/plain' }).end('this client certificate is not one that may ask\n');
  };
}

function commonName(socket: TLSSocket): string | undefined {
  // Typed as always there; an empty object where the client showed none.
  const { subject } = socket.getPeerCertificate() as Partial<ReturnType<TLSSocket['getPeerCertificate']>>;
  const name: unknown = subject?.CN;
  return typeof name === 'string' ? name : undefined;
}
