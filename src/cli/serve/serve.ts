/** `mcp-authz serve`: puts the parts together, starts them in order and stops them in reverse. */
import { createMutatingHandler, createValidatingHandler } from '../../admission/handler.ts';
import { createAdmissionListener } from '../../admission/listener.ts';
import { startServer } from '../../admission/server.ts';
import { createCustomRuleSource, readRuleFiles } from '../../custom-rules/index.ts';
import { createIsolatedAnalyzer } from '../../authorizers/index.ts';
import { certificateFault, loadServingCertificate } from '../../certs/files.ts';
import { MUTATORS } from '../../injection/index.ts';
import { createKubeClient, loadKubeConfig } from '../../kube/client.ts';
import { createDiscovery } from '../../kube/discovery.ts';
import { createResolver } from '../../kube/resolve.ts';
import { createRules } from '../../rules/index.ts';
import { createHealthApp, type HealthCheck } from '../../runtime/health.ts';
import type { Logger } from '../../runtime/logger.ts';
import { createMetrics } from '../../runtime/metrics.ts';
import { SettingsError, type Settings } from '../../runtime/settings.ts';
import { BUILT_IN_IDS } from '../built-in-ids.ts';

export interface Running {
  readonly port: number;
  readonly healthPort: number;
  /** Admission first stops taking requests, then what it needs is closed. */
  stop(): Promise<void>;
}

export interface ServeDeps {
  readonly logger: Logger;
  readonly now: () => Date;
}

/** Rejects when something that is needed from the start is missing; nothing is left running then. */
export async function serve(settings: Settings, { logger, now }: ServeDeps): Promise<Running> {
  const certificate = loadServingCertificate(...certificateFiles(settings));
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
  metrics.certificateExpires(certificate.notAfter);
  const client = createKubeClient(loadKubeConfig(settings));
  const discovery = createDiscovery({ client, clock: () => performance.now() });
  const analyzer = createIsolatedAnalyzer();
  const resolver = createResolver({ client, discovery, analyze: analyzer.analyze, tests: analyzer });
  const rules = createRules(settings);
  const handlerDeps = { resolve: resolver.resolve, now };
  const listener = createAdmissionListener({
    validate: createValidatingHandler(() => [...rules, ...customRules.rules()], handlerDeps),
    mutate: createMutatingHandler(MUTATORS, handlerDeps),
    logger,
    metrics,
    clock: () => performance.now(),
  });
  const admission = await startServer(listener, {
    address: settings.bindAddress,
    port: settings.port,
    tls: { cert: certificate.cert, key: certificate.key, minVersion: settings.tlsMinVersion },
  });
  const readiness: readonly HealthCheck[] = [
    { name: 'certificate', check: () => certificateFault(certificate, now()) },
    { name: 'caches', check: discovery.fault },
    { name: 'listener', check: () => (admission.listening() ? undefined : 'the admission port is closed') },
  ];
  const health = await startServer(createHealthApp({ readiness, registry: metrics.registry }), {
    address: settings.bindAddress,
    port: settings.healthPort,
  });
  const warming = new AbortController();
  void discovery.warm(warming.signal);
  logger.info('serving', { address: settings.bindAddress, port: admission.port, healthPort: health.port });
  return {
    port: admission.port,
    healthPort: health.port,
    stop: async () => {
      warming.abort();
      customRules.stop();
      await admission.stop();
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

function certificateFiles({ tlsCertFile, tlsPrivateKeyFile }: Settings): readonly [string, string] {
  if (tlsCertFile === undefined || tlsPrivateKeyFile === undefined) {
    throw new SettingsError(
      'a serving certificate is needed: give --tls-cert-file and --tls-private-key-file ' +
        '("npm start" without a cluster makes its own; certs/README.md shows the other ways)',
    );
  }
  return [tlsCertFile, tlsPrivateKeyFile];
}
