/** `/livez`, `/readyz?verbose` and `/metrics`, on a plain port of their own (kubelet and Prometheus have no client of ours). */
import express from 'express';
import type { Registry } from 'prom-client';

/** One part of readiness: undefined when well, else what is wrong in one clause. */
export interface HealthCheck {
  readonly name: string;
  readonly check: () => string | undefined;
}

export interface HealthDeps {
  readonly readiness: readonly HealthCheck[];
  readonly registry: Registry;
}

/** Output in the form of the API server's own endpoints: `[+]name ok`, `[-]name failed: why`. */
export function createHealthApp({ readiness, registry }: HealthDeps): express.Express {
  const app = express();
  app.disable('x-powered-by');
  app.get('/livez', (_request, response) => {
    response.type('text/plain').send('ok\n');
  });
  app.get('/readyz', (request, response) => {
    const results = readiness.map(({ name, check }) => ({ name, fault: check() }));
    const ready = results.every(({ fault }) => fault === undefined);
    const lines = results.map(({ name, fault }) =>
      fault === undefined ? `[+]${name} ok` : `[-]${name} failed: ${fault}`,
    );
    const verbose = request.query['verbose'] !== undefined || !ready;
    const summary = ready ? 'ok' : 'not ready';
    response
      .status(ready ? 200 : 503)
      .type('text/plain')
      .send(`${verbose ? [...lines, summary].join('\n') : summary}\n`);
  });
  app.get('/metrics', async (_request, response) => {
    response.type(registry.contentType).send(await registry.metrics());
  });
  app.use((_request, response) => {
    response.status(404).type('text/plain').send('not found; try /livez, /readyz?verbose or /metrics\n');
  });
  return app;
}
