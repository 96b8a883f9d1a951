/**
 * One leader among the replicas, by a Lease. The holder of a lease that was not renewed for its duration, by our own
 * clock, has lost it; who takes it does so by optimistic lock, so that of several one wins. We count our own time from
 * before each renewal was sent and stop leading earlier than anybody else may start.
 */
import type { Logger } from '../runtime/logger.ts';
import type { KubeClient } from './client.ts';
import { limited, pause, type Clock } from './clock.ts';
import { ApiError, isConflict, messageOf } from './errors.ts';
import { claimed, leaseRecord, newLease, released, type Claim, type LeaseRecord } from './lease-record.ts';
import { isKubernetesObject } from '../api/objects.ts';
import { createWriter } from './write.ts';

export interface Leadership {
  /**
   * Runs `lead` while the lease is ours, again each time that it becomes ours again, until `signal`; never rejects.
   * The signal given to `lead` aborts as soon as leadership is lost; the lease is not asked for again before `lead` ended.
   */
  run(signal: AbortSignal, lead: (signal: AbortSignal) => Promise<void>): Promise<void>;
  /** True only while our last renewal is younger than the renew deadline, looked at anew each time. */
  isLeader(): boolean;
}

export interface LeaseDurations {
  /** How long others leave the lease alone after a renewal. */
  readonly leaseMs: number;
  /** Without a renewal for this long we stop leading; below leaseMs by more than a write can take. */
  readonly renewDeadlineMs: number;
  readonly retryMs: number;
}

export interface LeadershipMetrics {
  leading(leading: boolean): void;
}

export interface LeadershipOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly name: string;
  /** Unique for each process, also for one that was started anew under the same Pod name. */
  readonly identity: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics?: LeadershipMetrics;
  readonly durations?: Partial<LeaseDurations>;
  /** Only written into the Lease, for people. */
  readonly wallClock?: () => Date;
}

const DURATIONS: LeaseDurations = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2000 };

export function createLeadership(options: LeadershipOptions): Leadership {
  const { client, namespace, name, identity, clock, logger, metrics, wallClock = () => new Date() } = options;
  const { leaseMs, renewDeadlineMs, retryMs } = { ...DURATIONS, ...options.durations };
  const collection = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases`;
  const path = `${collection}/${encodeURIComponent(name)}`;
  const writer = createWriter(client);
  /** As we wrote it last; undefined where it must be read first. */
  let own: LeaseRecord | undefined;
  /** Of another holder, and when we saw it change last. */
  let seen: { readonly fingerprint: string; readonly at: number; readonly durationMs: number } | undefined;
  /** When the last renewal that succeeded was sent; undefined while we do not lead. */
  let renewedAt: number | undefined;
  let term: { readonly abort: () => void } | undefined;

  const claim = (): Claim => ({ identity, durationMs: leaseMs, now: wallClock() });
  const expired = (sentAt: number): boolean => clock.now() - sentAt >= renewDeadlineMs;

  function isLeader(): boolean {
    if (renewedAt !== undefined && expired(renewedAt)) {
      lose('it could not be renewed in time');
    }
    return renewedAt !== undefined;
  }

  function lose(why: string): void {
    if (renewedAt !== undefined) {
      renewedAt = undefined;
      metrics?.leading(false);
      logger.warn('leadership lost', { lease: name, identity, why });
    }
    term?.abort();
  }

  /** Takes or renews the lease. True where it is ours; a failure is told to the log and is no answer. */
  async function attempt(signal: AbortSignal): Promise<boolean> {
    const within = limited(clock, signal, renewDeadlineMs / 2, () => SLOW);
    try {
      return await takeOrRenew(within.signal).catch((error: unknown) => {
        own = undefined; // whatever it was, only reading shows how it stands
        if (!isConflict(error)) {
          throw error;
        }
        return takeOrRenew(within.signal); // another replica, or an earlier renewal whose answer got lost
      });
    } catch (error) {
      own = undefined;
      logger[isConflict(error) || signal.aborted ? 'debug' : 'info']('lease: neither taken nor renewed', {
        lease: name,
        error: messageOf(error),
      });
      return false;
    } finally {
      within.release();
    }
  }

  async function takeOrRenew(signal: AbortSignal): Promise<boolean> {
    const record = own ?? (await read(signal));
    if (record !== undefined && isTaken(record)) {
      lose('another replica holds it');
      return false;
    }
    const sentAt = clock.now();
    const lease =
      record === undefined
        ? await writer.create(collection, newLease(namespace, name, claim()), signal)
        : await writer.replace(path, claimed(record, claim()), signal);
    own = leaseRecord(lease);
    seen = undefined;
    if (expired(sentAt)) {
      return false; // we were frozen: the answer is older than what it allows
    }
    renewedAt = sentAt;
    return true;
  }

  async function read(signal: AbortSignal): Promise<LeaseRecord | undefined> {
    try {
      const lease = await client.request({ method: 'GET', path, attempts: 1, signal });
      if (!isKubernetesObject(lease)) {
        throw new ApiError('API_UNAVAILABLE', 200, 'the API server answered with something that is no Lease');
      }
      return leaseRecord(lease);
    } catch (error) {
      if (error instanceof ApiError && error.code === 'API_NOT_FOUND') {
        return undefined;
      }
      throw error;
    }
  }

  /** Held by another who may still be there, as far as we could see for ourselves. */
  function isTaken({ holder, fingerprint, durationMs = leaseMs }: LeaseRecord): boolean {
    if (holder === '' || holder === identity) {
      return false;
    }
    if (seen?.fingerprint !== fingerprint) {
      seen = { fingerprint, at: clock.now(), durationMs };
    }
    return clock.now() - seen.at < durationMs;
  }

  /** Until the next look; exactly until the other's lease ends where that is sooner. */
  function untilNextLook(): number {
    const patience = retryMs * (1 + clock.random() / 5);
    const remaining = seen === undefined ? Infinity : seen.at + seen.durationMs - clock.now();
    return remaining > 0 ? Math.min(patience, remaining + 100 * clock.random()) : patience;
  }

  async function reign(signal: AbortSignal, lead: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const ending = new AbortController();
    const end = (): void => {
      ending.abort();
    };
    const isEnding = (): boolean => ending.signal.aborted || signal.aborted;
    term = { abort: end };
    signal.addEventListener('abort', end);
    logger.info('leadership acquired', { lease: name, identity });
    metrics?.leading(true);
    let worked = true;
    const work = Promise.resolve()
      .then(() => lead(ending.signal))
      .catch((error: unknown) => {
        logger.error('what the leader does failed', { error: messageOf(error) });
      })
      .finally(end);
    while (!isEnding()) {
      const cancelDeadline = clock.after((renewedAt ?? 0) + renewDeadlineMs - clock.now(), () => {
        lose('it could not be renewed in time');
      });
      await pause(clock, worked ? retryMs : retryMs / 4, ending.signal);
      worked = isLeader() && !isEnding() && (await attempt(ending.signal));
      cancelDeadline();
    }
    signal.removeEventListener('abort', end);
    const over = await ended(work, signal);
    term = undefined;
    if (over && isLeader()) {
      await release();
    }
  }

  /**
   * Waits for what the leader does: nobody leads twice. Only when we are to stop not for ever; the lease then just ends.
   * False where it did not end.
   */
  async function ended(work: Promise<void>, signal: AbortSignal): Promise<boolean> {
    const patience = new AbortController();
    let cancel = (): void => undefined;
    const hurry = (): void => {
      cancel = clock.after(renewDeadlineMs, () => {
        patience.abort();
      });
    };
    signal.addEventListener('abort', hurry);
    if (signal.aborted) {
      hurry();
    }
    const given = new Promise<boolean>((resolve) => {
      patience.signal.addEventListener('abort', () => {
        logger.error('what the leader does goes on although it was told to stop', { lease: name });
        resolve(false);
      });
    });
    const over = await Promise.race([work.then(() => true), given]);
    signal.removeEventListener('abort', hurry);
    cancel();
    return over;
  }

  async function release(): Promise<void> {
    const record = own;
    renewedAt = undefined;
    own = undefined;
    metrics?.leading(false);
    if (record === undefined) {
      return;
    }
    const within = limited(clock, NEVER, renewDeadlineMs / 2, () => SLOW);
    try {
      await writer.replace(path, released(record, wallClock()), within.signal);
      logger.info('leadership released', { lease: name, identity });
    } catch (error) {
      logger.info('lease: not released, the next leader has to wait', { lease: name, error: messageOf(error) });
    } finally {
      within.release();
    }
  }

  return {
    isLeader,
    run: async (signal, lead) => {
      const stopped = (): boolean => signal.aborted;
      while (!stopped()) {
        if (await attempt(signal)) {
          await reign(signal, lead);
        }
        if (!stopped()) {
          await pause(clock, untilNextLook(), signal);
        }
      }
    },
  };
}

const NEVER = new AbortController().signal;
const SLOW = new Error('the API server did not answer in time');
