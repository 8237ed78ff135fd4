import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';
import { isMoved, refusesWrites } from '../redis/errors.ts';
import { noteRefusals } from './refusal-notes.ts';
import { type FailoverDetector, type Gate, newGate, type RecentWrites } from './store-gate.ts';

export interface FailoverDetectorOptions {
  clock: Pick<Clock, 'monotonic'>;
  /** Writes something, to learn whether writes are taken. */
  probe(): Promise<unknown>;
  /** Hears of every refusal. */
  onRefused(error: Error): void;
  /** Called once when writes begin to be refused, with the error; and without one when they are accepted again. */
  onRefusing(error: Error | undefined): void;
  /** Called with anything else that keeps recent writes from being restored. */
  onError(error: unknown): void;
}

/** How often the store is checked while its connection is up: a FLUSHALL breaks no connection. */
const LOOK_MS = 1_000;

export function createFailoverDetector(redis: Redis, options: FailoverDetectorOptions): FailoverDetector {
  const { clock, onError, onRefusing } = options;
  const sources: RecentWrites[] = [];
  const stopping = new AbortController();
  const refusals = noteRefusals(clock, onRefusing);
  let known: string | undefined;
  let gate: Gate | undefined;
  /** Opens once the recent writes are restored; `gate` opens after the hold as well. */
  let restoringGate: Gate | undefined;
  let shutSince = 0;
  let suspected = false;
  let again: NodeJS.Timeout | undefined;
  /** Counts checks and lost connections: a check that is not the latest decides nothing. */
  let turn = 0;
  const noteRefusal = (error: Error): void => {
    options.onRefused(error);
    refusals.note(error);
  };
  const stopped = (): boolean => stopping.signal.aborted;

  const openForEnds = (): void => {
    restoringGate?.open();
    restoringGate = undefined;
  };
  const open = (): void => {
    openForEnds();
    gate?.open();
    gate = undefined;
  };
  const shut = (): void => {
    if (stopped()) return;
    restoringGate ??= newGate();
    if (gate) return;
    gate = newGate();
    shutSince = clock.monotonic();
  };
  async function restoreAll(anew: boolean, mine: number): Promise<void> {
    const holds = await Promise.all(sources.map((source) => source.restore(anew)));
    if (mine === turn) openForEnds();
    const holdMs = Math.max(0, ...holds);
    if (holdMs > 0) await pause(holdMs, undefined, { signal: stopping.signal, ref: false });
  }
  async function check(): Promise<void> {
    const mine = ++turn;
    clearTimeout(again);
    try {
      // A write comes first: its refusal by a replica makes the client reconnect.
      await options.probe();
      const info = await redis.info('server', 'replication');
      refuseReplica(info);
      const id = fieldOf(info, 'run_id');
      if (suspected || id !== known) await restoreAll(id !== known, mine);
      if (mine !== turn) return;
      known = id;
      suspected = false;
      refusals.over();
      open();
    } catch (error) {
      if (refusesWrites(error)) noteRefusal(error);
      else if (!stopped()) onError(error);
      // A lost connection is checked again after the reconnect; a refusal may end without one.
      if (mine === turn && !stopped() && redis.status === 'ready') checkLater();
    }
  }
  /** @returns whether a check has to be started: if the gate was shut before, one is in progress or scheduled */
  function shutNow(): boolean {
    if (gate || stopped()) return false;
    shut();
    return redis.status === 'ready';
  }
  function checkLater(): void {
    clearTimeout(again);
    again = setTimeout(() => void check(), refusals.pauseMs());
    again.unref();
  }
  async function look(): Promise<void> {
    if (gate || redis.status !== 'ready') return;
    try {
      const info = await redis.info('replication');
      refuseReplica(info);
      const id = fieldOf(info, 'master_replid') ?? '';
      const held = await Promise.all(sources.map((source) => source.holds(id)));
      if (held.includes(false)) watch.suspect();
    } catch (error) {
      if (refusesWrites(error)) watch.refused(error);
    }
  }
  const lost = (): void => {
    turn += 1;
    clearTimeout(again);
    shut();
  };
  const ready = (): void => {
    if (gate) shutSince = clock.monotonic();
    void check();
  };
  const watch: FailoverDetector = {
    pending: () => gate?.opened,
    restoring: () => restoringGate?.opened,
    trouble() {
      if (!gate || redis.status !== 'ready') return undefined;
      const refusal = refusals.current();
      const detail = refusal
        ? `refuses writes: ${refusal}`
        : 'recent sends are being restored after a failover';
      return { detail, ms: clock.monotonic() - shutSince, refusing: refusal !== undefined };
    },
    add(source) {
      sources.push(source);
      watch.suspect();
    },
    suspect() {
      suspected = true;
      if (shutNow()) void check();
    },
    refused(error) {
      if (stopped()) return;
      const news = shutNow();
      shut();
      // `MOVED` is no refusal: another node takes the writes, and the connection is on its way there.
      if (!isMoved(error)) noteRefusal(error);
      // A check at once would only be refused again.
      if (news) checkLater();
    },
    stop() {
      stopping.abort();
      turn += 1;
      redis.off('close', lost);
      redis.off('ready', ready);
      clearTimeout(again);
      clearInterval(looking);
      open();
    },
  };
  redis.on('close', lost);
  redis.on('ready', ready);
  const looking = setInterval(() => void look(), LOOK_MS);
  looking.unref();
  // The store is not relied on before the first restore.
  shut();
  if (redis.status === 'ready') void check();
  return watch;
}

const fieldOf = (info: string, name: string): string | undefined =>
  new RegExp(`^${name}:(\\S*)`, 'm').exec(info)?.[1];

function refuseReplica(info: string): void {
  if (fieldOf(info, 'role') === 'slave') throw new Error('READONLY this Redis is a replica');
}
