/**
 * The server under torture, a process of its own: the listener, TLS, rules, mutators, custom rules and threads of
 * `serve`, over a cluster that stands still. Says where it listens, then answers what it is asked over the IPC channel.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createMutatingHandler, createValidatingHandler } from '../../src/admission/handler.ts';
import { createAdmissionListener } from '../../src/admission/listener.ts';
import { startServer } from '../../src/admission/server.ts';
import { createIsolatedAnalyzer } from '../../src/authorizers/index.ts';
import { issueCa, issueServing } from '../../src/certs/issue.ts';
import { BUILT_IN_IDS } from '../../src/cli/built-in-ids.ts';
import { compileCustomRules } from '../../src/custom-rules/compile.ts';
import { readRuleFiles } from '../../src/custom-rules/index.ts';
import { MUTATORS } from '../../src/injection/index.ts';
import { createDiscovery } from '../../src/kube/discovery.ts';
import { createResolver } from '../../src/kube/resolve.ts';
import { DEFAULT_POLICY } from '../../src/rules/contract.ts';
import { createRules } from '../../src/rules/index.ts';
import { createMetrics } from '../../src/runtime/metrics.ts';
import { NOW } from '../support/objects.ts';
import { createStillCluster } from './still-cluster.ts';
import { recording } from './requests/recorded.ts';

export type TargetQuestion = 'measure' | 'series' | 'stop';

export interface Measurement {
  /** Bytes after a collection, with no analysis remembered. */
  readonly heap: number;
  readonly resident: number;
  readonly descriptors: number;
  /** Own properties of the prototypes that everything inherits from: a change is a pollution. */
  readonly prototypes: number;
  /** Lines of the metrics. */
  readonly series: number;
  /** Failures of rules and requests that ended in an error of ours, as logged. */
  readonly errors: readonly string[];
}

const LIFE = { lifetimeMs: 24 * 3_600_000, now: new Date() };
const ca = await issueCa({ commonName: 'torture', ...LIFE });
const material = await issueServing({ ca, dnsNames: ['localhost'], ...LIFE });

const client = createStillCluster(recording().cluster);
const clock = (): number => performance.now();
let analyzer = createIsolatedAnalyzer();
const discovery = createDiscovery({ client, clock });
const resolver = createResolver({
  client,
  discovery,
  analyze: (...args) => analyzer.analyze(...args),
  tests: {
    runTests: (...args) => analyzer.runTests(...args),
    testFaults: (...args) => analyzer.testFaults(...args),
  },
});
const examples = join(import.meta.dirname, '../../docs/examples/custom-rules');
const compiled = compileCustomRules(readRuleFiles(examples), BUILT_IN_IDS);
const rules = [...createRules(DEFAULT_POLICY), ...('rules' in compiled ? compiled.rules : [])];
const metrics = createMetrics();
const errors: string[] = [];
const silent = (): void => undefined;
const handlerDeps = { resolve: resolver.resolve, now: () => NOW };
const listener = createAdmissionListener({
  validate: createValidatingHandler(() => rules, handlerDeps),
  mutate: createMutatingHandler(MUTATORS, handlerDeps),
  logger: {
    ...{ debug: silent, info: silent, warn: silent },
    error: (message, fields) => {
      if (errors.length < 20) {
        errors.push(`${message}: ${JSON.stringify(fields)}`);
      }
    },
  },
  metrics,
  clock,
});
const server = await startServer(listener, {
  address: '127.0.0.1',
  port: 0,
  tls: { minVersion: 'TLSv1.3', material },
});

async function measure(): Promise<Measurement> {
  await analyzer.close();
  analyzer = createIsolatedAnalyzer();
  globalThis.gc?.();
  await new Promise((resolve) => setImmediate(resolve));
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  const prototypes = [Object, Array, Function, String, Number, Map, Set, Promise, RegExp, Error].map(
    ({ prototype }) => Reflect.ownKeys(prototype as object).length,
  );
  return {
    heap: heapUsed + external,
    resident: rss,
    descriptors: readdirSync('/proc/self/fd').length,
    prototypes: prototypes.reduce((sum, count) => sum + count, 0),
    series: (await metrics.registry.metrics()).split('\n').filter((line) => line.startsWith('mcp_authz_')).length,
    errors: errors.splice(0),
  };
}

process.on('disconnect', () => process.exit(1));
process.on('message', (question: TargetQuestion) => {
  void (question === 'stop'
    ? server.stop().then(() => process.exit(0))
    : measure().then((told) => process.send?.(told)));
});
process.send?.({ port: server.port, ca: ca.cert });
