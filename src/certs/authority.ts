/**
 * Does what the plan says, one step at a time, for as long as we run. Several may do so at once and nothing breaks: every
 * write has what was read as its precondition, and configurations are read before the Secret, so that whoever acts on an
 * old Secret acts on an older configuration too and is refused.
 */
import type { KubernetesObject } from '../api/objects.ts';
import type { KubeClient } from '../kube/client.ts';
import { limited, pause, type Clock } from '../kube/clock.ts';
import { isConflict, messageOf } from '../kube/errors.ts';
import { getObject } from '../kube/get.ts';
import { createWriter } from '../kube/write.ts';
import type { Logger } from '../runtime/logger.ts';
import { planCertificates, withLeaf, withNext, type CertificatePolicy, type Rotation, type Step } from './plan.ts';
import { bundleApply, bundlesOf, CA_FIELD_MANAGER, CONFIGURATION_RESOURCES, configurationPath } from './published.ts';
import { isSelfManaged, readSecret, secretOf, type SecretNames, type StoredCertificates } from './secret.ts';

export interface AuthorityOptions {
  readonly secret: SecretNames;
  /** Of both webhook configurations. */
  readonly configurationName: string;
  readonly policy: CertificatePolicy;
  /** How often to look whether something is to be done. */
  readonly pollMs: number;
}

export interface AuthorityDeps {
  readonly client: KubeClient;
  /** Nothing is done while this is false: it spares the others' conflicts, and is not what safety rests on. */
  readonly leads: () => boolean;
  readonly clock: Clock;
  readonly now: () => Date;
  readonly logger: Logger;
}

export interface CertificateAuthority {
  /** Until the signal; never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** Why nothing can be issued; undefined when fine. */
  fault(): string | undefined;
}

interface Seen {
  readonly configurations: readonly (readonly [path: string, configuration: KubernetesObject])[];
  readonly secret: KubernetesObject | undefined;
  readonly stored: StoredCertificates | undefined;
}

/** A conflict with another replica is over as soon as it has written. */
const RETRY_MS = 200;
const STEP_MS = 30_000;
/** In a row: more than the plan ever needs, fewer than would hurt where somebody undoes each. */
const STEPS = 10;

export function createCertificateAuthority(options: AuthorityOptions, deps: AuthorityDeps): CertificateAuthority {
  const { secret: names, policy, pollMs } = options;
  const { client, leads, clock, now, logger } = deps;
  const writer = createWriter(client);
  const collection = `/api/v1/namespaces/${encodeURIComponent(names.namespace)}/secrets`;
  const path = `${collection}/${encodeURIComponent(names.name)}`;
  let fault: string | undefined;

  async function look(signal: AbortSignal): Promise<Seen> {
    const configurations: Seen['configurations'][number][] = [];
    for (const resource of CONFIGURATION_RESOURCES) {
      const at = configurationPath(resource, options.configurationName);
      const configuration = await getObject(client, at, signal);
      if (configuration !== undefined && bundlesOf(configuration).length > 0) {
        configurations.push([at, configuration]);
      }
    }
    const secret = await getObject(client, path, signal); // after the configurations, see above
    if (secret !== undefined && !isSelfManaged(secret)) {
      throw new Error(
        `Secret ${names.namespace}/${names.name} is there but is not ours; ` +
          'name another one by --tls-secret-name, or use it with --tls-mode files',
      );
    }
    return { configurations, secret, stored: secret === undefined ? undefined : readSecret(secret) };
  }

  async function store(
    seen: Seen,
    rotation: Omit<Rotation, 'leaf'>,
    leaf: StoredCertificates['leaf'],
    signal: AbortSignal,
  ): Promise<void> {
    const resourceVersion = seen.secret?.metadata.resourceVersion;
    const body = secretOf(names, { rotation, leaf }, { now: now().getTime(), resourceVersion });
    await (seen.secret === undefined ? writer.create(collection, body, signal) : writer.replace(path, body, signal));
  }

  async function act(step: Exclude<Step, { kind: 'wait' }>, seen: Seen, signal: AbortSignal): Promise<void> {
    const rotation = seen.stored?.rotation;
    switch (step.kind) {
      case 'publish':
        for (const [at, configuration] of seen.configurations) {
          const body = bundleApply(configuration, step.certs);
          await writer.applyObject(at, body, { fieldManager: CA_FIELD_MANAGER, force: true }, signal);
        }
        break;
      case 'issue-ca': {
        const lifetimeMs = policy.caLifetimeMs;
        const issuedAt = now().getTime();
        const { issueCa } = await import('./issue.ts');
        const issued = await issueCa({ commonName: `${names.name} CA`, lifetimeMs, now: now() });
        const next = { ...issued, issuedAt, expiresAt: issuedAt + lifetimeMs };
        await store(seen, withNext(rotation, next, step.keep), seen.stored?.leaf, signal);
        break;
      }
      case 'note-published':
        if (rotation?.next !== undefined) {
          const next = { ...rotation.next, publishedAt: now().getTime() };
          await store(seen, { ...rotation, next }, seen.stored?.leaf, signal);
        }
        break;
      case 'issue-leaf':
        await signLeaf(step.by, rotation, seen, signal);
        break;
    }
    logger.info('certificates', { step: step.kind, ...('why' in step ? { why: step.why } : {}) });
  }

  async function signLeaf(
    by: 'current' | 'next',
    rotation: Rotation | undefined,
    seen: Seen,
    signal: AbortSignal,
  ): Promise<void> {
    const ca = rotation?.[by];
    if (rotation === undefined || ca === undefined) {
      return;
    }
    const issuedAt = now();
    const lifetimeMs = Math.min(policy.leafLifetimeMs, ca.expiresAt - issuedAt.getTime());
    const { issueServing } = await import('./issue.ts');
    const leaf = await issueServing({ ca, dnsNames: policy.dnsNames, lifetimeMs, now: issuedAt });
    await store(seen, withLeaf(rotation, by, issuedAt.getTime() + lifetimeMs), leaf, signal);
  }

  /** Steps until there is nothing to do. Milliseconds until something is. */
  async function advance(signal: AbortSignal): Promise<number> {
    for (let steps = 0; steps < STEPS && leads() && !signal.aborted; steps += 1) {
      const limit = limited(clock, signal, STEP_MS, () => new Error('the API server did not answer in time'));
      try {
        const step = await stepOnce(limit.signal);
        if (step.kind === 'wait') {
          return Math.min(pollMs, Math.max(RETRY_MS, step.untilMs - now().getTime()));
        }
      } finally {
        limit.release();
      }
    }
    return Math.min(pollMs, 1000); // leadership may come at any time
  }

  async function stepOnce(signal: AbortSignal): Promise<Step> {
    const seen = await look(signal);
    const published = seen.configurations.flatMap(([, configuration]) => bundlesOf(configuration));
    const step = planCertificates({ rotation: seen.stored?.rotation, published, now: now().getTime(), policy });
    if (step.kind !== 'wait') {
      await act(step, seen, signal);
    }
    return step;
  }

  return {
    fault: () => fault,
    run: async (signal) => {
      const stopped = (): boolean => signal.aborted;
      while (!stopped()) {
        let waitMs = RETRY_MS;
        try {
          waitMs = await advance(signal);
          fault = undefined;
        } catch (error) {
          if (!isConflict(error) && !stopped()) {
            note(messageOf(error));
            waitMs = pollMs;
          }
        }
        await pause(clock, waitMs, signal);
      }
    },
  };

  /** Once for each different trouble, not for each try. */
  function note(why: string): void {
    if (fault !== why) {
      logger.warn('certificates cannot be renewed', { error: why });
    }
    fault = why;
  }
}
