/** `mcp-authz serve`: puts the parts together, starts them in order and stops them in reverse. */
import { createMutatingHandler, createValidatingHandler } from '../../admission/handler.ts';
import { onlyClients } from '../../admission/client-names.ts';
import { createAdmissionListener } from '../../admission/listener.ts';
import { startServer } from '../../admission/server.ts';
import { createCustomRuleSource, readRuleFiles } from '../../custom-rules/index.ts';
import { createIsolatedAnalyzer } from '../../authorizers/index.ts';
import { MUTATORS, MUTATORS_WITHOUT_LOOP } from '../../injection/index.ts';
import { createKubeClient, loadKubeConfig } from '../../kube/client.ts';
import { createDiscovery } from '../../kube/discovery.ts';
import { createResolver } from '../../kube/resolve.ts';
import { createRules } from '../../rules/index.ts';
import { createHealthApp, type HealthCheck } from '../../runtime/health.ts';
import type { Logger } from '../../runtime/logger.ts';
import { createMetrics } from '../../runtime/metrics.ts';
import type { Settings } from '../../runtime/settings.ts';
import { BUILT_IN_IDS } from '../built-in-ids.ts';
import { prepareCertificates } from './certificates.ts';
import { startCompanion } from './companion.ts';

export interface Running {
  /** 0 where admission is turned off. */
  readonly port: number;
  readonly healthPort: number;
  /** Admission first stops taking requests, then what it needs is closed. */
  stop(): Promise<void>;
}

export interface ServeDeps {
  readonly logger: Logger;
  readonly now: () => Date;
}

/** Among those who take turns at analyses; no namespace is called so. */
const LOOP = '/loop';

/** Rejects when something that is needed from the start is missing; nothing is left running then. */
export async function serve(settings: Settings, { logger, now }: ServeDeps): Promise<Running> {
  const certificates = settings.webhooks === 'on' ? prepareCertificates(settings) : undefined;
  const metrics = createMetrics();
  const customRules = createCustomRuleSource(
    { paths: settings.customRules, reserved: BUILT_IN_IDS },
    {
      read: readRuleFiles,
      every,
      logger,
      reloaded: (result) => {
        metrics.customRulesReloaded(result);
      },
    },
  );
  const client = createKubeClient(loadKubeConfig(settings));
  const discovery = createDiscovery({ client, clock: () => performance.now() });
  const analyzer = createIsolatedAnalyzer();
  const resolver = createResolver({ client, discovery, analyze: analyzer.analyze, tests: analyzer });
  const rules = createRules(settings);
  const handlerDeps = { resolve: resolver.resolve, now };
  const listener = createAdmissionListener({
    validate: createValidatingHandler(() => [...rules, ...customRules.rules()], handlerDeps),
    mutate: createMutatingHandler(settings.loop === 'off' ? MUTATORS_WITHOUT_LOOP : MUTATORS, handlerDeps),
    logger,
    metrics,
    clock: () => performance.now(),
    maxInFlight: settings.maxInFlight,
  });
  const readiness: HealthCheck[] = [{ name: 'caches', check: discovery.fault }];
  const admission =
    certificates === undefined
      ? undefined
      : await startServer(onlyClients(settings.clientAllowedNames, listener), {
          address: settings.bindAddress,
          port: settings.port,
          tls: certificates.tls,
          connections: { maxRequests: settings.maxConnectionRequests, maxOpen: settings.maxConnections },
        });
  if (admission !== undefined) {
    const closed = 'the admission port is closed';
    readiness.push({ name: 'listener', check: () => (admission.listening() ? undefined : closed) });
  }
  const companion =
    settings.loop === 'on'
      ? startCompanion(settings, {
          ...{ client, discovery },
          resolver: { resolve: (queries, signal) => resolver.resolve(queries, signal, LOOP) },
          analyze: (spec, signal) => analyzer.analyze(spec, signal, LOOP),
          ...{ registry: metrics.registry, logger, now },
        })
      : undefined;
  if (companion !== undefined) {
    readiness.push({ name: 'loop', check: () => companion.fault() });
  }
  const renewal =
    admission === undefined
      ? undefined
      : certificates?.start({ client, admission, metrics, logger, now, leads: () => companion?.leads() ?? true });
  if (renewal !== undefined) {
    readiness.unshift({ name: 'certificate', check: () => renewal.fault() });
  }
  const health = await startServer(createHealthApp({ readiness, registry: metrics.registry }), {
    address: settings.bindAddress,
    port: settings.healthPort,
  });
  const warming = new AbortController();
  void discovery.warm(warming.signal);
  const port = admission?.port ?? 0;
  logger.info('serving', { address: settings.bindAddress, port, healthPort: health.port });
  return {
    port,
    healthPort: health.port,
    stop: async () => {
      warming.abort();
      customRules.stop();
      await admission?.stop();
      await renewal?.stop();
      await companion?.stop();
      await health.stop();
      await analyzer.close();
      client.close();
    },
  };
}

function every(milliseconds: number, run: () => void): () => void {
  const timer = setInterval(run, milliseconds);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}
