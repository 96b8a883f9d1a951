/** `mcp-authz serve`: puts the parts together, starts them in order and stops them in reverse. */
import type { RequestListener } from 'node:http';
import { hostname } from 'node:os';
import { createMutatingHandler, createValidatingHandler } from '../../admission/handler.ts';
import { onlyClients } from '../../admission/client-names.ts';
import { createAdmissionListener } from '../../admission/listener.ts';
import { startServer, type RunningServer } from '../../admission/server.ts';
import { createCustomRuleSource, readRuleFiles } from '../../custom-rules/index.ts';
import { ADMISSION_TESTS, createIsolatedAnalyzer } from '../../authorizers/index.ts';
import { MUTATORS, MUTATORS_WITHOUT_LOOP } from '../../injection/index.ts';
import { createKubeClient, loadKubeConfig } from '../../kube/client.ts';
import type { ConfigMemory } from '../../kube/config-memory.ts';
import { createDiscovery } from '../../kube/discovery.ts';
import { recallAll, rememberingWatched } from '../../kube/remembered-configs.ts';
import { createResolver } from '../../kube/resolve.ts';
import { sharedReads } from '../../kube/shared-reads.ts';
import { createTracedClient } from '../../kube/traced-client.ts';
import { createRules } from '../../rules/index.ts';
import { every } from '../../runtime/every.ts';
import { createHealthApp, type HealthCheck } from '../../runtime/health.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { MemorySaver } from '../../runtime/memory-saver.ts';
import { createMetrics } from '../../runtime/metrics.ts';
import type { Settings } from '../../runtime/settings.ts';
import type { Tracing } from '../../runtime/tracing.ts';
import { BUILT_IN_IDS } from '../built-in-ids.ts';
import { packageInfo } from '../package-info.ts';
import { prepareCertificates, type CertificateRenewal } from './certificates.ts';
import { startCompanion, type Companion } from './companion.ts';

export interface Running {
  /** 0 where admission is turned off. */
  readonly port: number;
  readonly healthPort: number;
  /** Admission first stops taking requests, then what it needs is closed. */
  stop(): Promise<void>;
}

export interface ServeDeps {
  readonly logger: Logger;
  readonly memorySaver: MemorySaver;
  readonly now: () => Date;
}

/** Among those who take turns at analyses; no namespace is called so. */
const LOOP = '/loop';

/** Rejects when something that is needed from the start is missing; nothing is left running then. */
export async function serve(settings: Settings, { logger, memorySaver, now }: ServeDeps): Promise<Running> {
  const certificates = settings.webhooks === 'on' ? prepareCertificates(settings) : undefined;
  const tracing = await tracingOf(settings, logger);
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
  const tests = createIsolatedAnalyzer(ADMISSION_TESTS);
  let companion: Companion | undefined;
  // Traced outside, so that each request shows what it waited for, also where others waited with it.
  const shared = sharedReads(client, () => performance.now());
  const resolver = createResolver({
    client: tracing === undefined ? shared : createTracedClient(shared, tracing),
    ...{ discovery, analyze: analyzer.analyze, tests },
    known: settings.loop === 'on' ? (...of) => companion?.workload(...of) : undefined,
  });
  const rules = createRules(settings);
  /** Nothing is known of configs, and each is read, where there is no loop. */
  const configs: ConfigMemory = {
    recall: (...of) => companion?.configs.recall(...of),
    remember: (...of) => companion?.configs.remember(...of),
  };
  const handlerDeps = { resolve: rememberingWatched(resolver, configs).resolve, now };
  const admit = createAdmissionListener({
    validate: createValidatingHandler(() => [...rules, ...customRules.rules()], {
      ...handlerDeps,
      recall: (queries) => recallAll(queries, configs),
    }),
    mutate: createMutatingHandler(settings.loop === 'off' ? MUTATORS_WITHOUT_LOOP : MUTATORS, handlerDeps),
    logger,
    metrics,
    traced: tracing?.request,
    clock: () => performance.now(),
    maxInFlight: settings.maxInFlight,
  });
  const listener: RequestListener = (request, response) => {
    memorySaver.requested();
    admit(request, response);
  };
  const readiness: HealthCheck[] = [{ name: 'caches', check: discovery.fault }];
  const warming = new AbortController();
  let admission: RunningServer | undefined;
  let renewal: CertificateRenewal | undefined;
  let health: RunningServer | undefined;
  /** What there is by now. */
  const stop = async (): Promise<void> => {
    warming.abort();
    memorySaver.stop();
    customRules.stop();
    await admission?.stop();
    await renewal?.stop();
    await companion?.stop();
    await tracing?.stop();
    await health?.stop();
    await Promise.all([analyzer.close(), tests.close()]);
    client.close();
  };
  try {
    if (certificates !== undefined) {
      const started = await startServer(onlyClients(settings.clientAllowedNames, listener), {
        address: settings.bindAddress,
        port: settings.port,
        tls: certificates.tls,
        connections: { maxRequests: settings.maxConnectionRequests, maxOpen: settings.maxConnections },
      });
      admission = started;
      const closed = 'the admission port is closed';
      readiness.push({ name: 'listener', check: () => (started.listening() ? undefined : closed) });
    }
    if (settings.loop === 'on') {
      const started = startCompanion(settings, {
        ...{ client, discovery },
        resolver: { resolve: (queries, signal) => resolver.resolve(queries, signal, LOOP) },
        analyze: (spec, signal) => analyzer.analyze(spec, signal, LOOP),
        ...{ registry: metrics.registry, logger, now },
      });
      companion = started;
      readiness.push({ name: 'loop', check: () => started.fault() });
    }
    if (admission !== undefined) {
      const leads = (): boolean => companion?.leads() ?? true;
      const started = certificates?.start({ client, admission, metrics, logger, now, leads });
      renewal = started;
      readiness.unshift({ name: 'certificate', check: () => started?.fault() });
    }
    health = await startServer(createHealthApp({ readiness, registry: metrics.registry }), {
      address: settings.bindAddress,
      port: settings.healthPort,
    });
  } catch (error) {
    await stop();
    throw error;
  }
  void discovery.warm(warming.signal);
  const port = admission?.port ?? 0;
  logger.info('serving', { address: settings.bindAddress, port, healthPort: health.port });
  return { port, healthPort: health.port, stop };
}

/** Imported here, so that whoever sends no traces pays nothing for them. */
async function tracingOf(
  { tracingEndpoint: endpoint, tracingSamplingRatio: samplingRatio }: Settings,
  logger: Logger,
): Promise<Tracing | undefined> {
  if (endpoint === undefined) {
    return undefined;
  }
  const { createTracing } = await import('../../runtime/tracing.ts');
  return createTracing({ endpoint, samplingRatio, version: packageInfo().version, instance: hostname() }, logger);
}
