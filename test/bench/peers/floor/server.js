/** The floor: node:https, JSON.parse and one rule. What any webhook in Node costs at least. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

const [port, certificate, key] = process.argv.slice(2);
const MESSAGE =
  'authzConfig and authzConfigRef are mutually exclusive; use authzConfigRef to reference a shared MCPAuthzConfig';

function answer(body) {
  const { uid, object } = JSON.parse(body).request;
  const refused = object.spec.authzConfig !== undefined && object.spec.authzConfigRef !== undefined;
  const response = refused ? { uid, allowed: false, status: { code: 403, message: MESSAGE } } : { uid, allowed: true };
  return JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response });
}

const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const text = answer(Buffer.concat(chunks).toString());
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
    response.end(text);
  });
});
server.keepAliveTimeout = 120_000;
server.listen(Number(port), '127.0.0.1');
