import { join } from 'node:path';
import type { RedisAddress } from '../src/redis/address.ts';
import { startWorkerProcess, type WorkerProcess } from '../testing/worker-process.ts';
import type { Pickup, Write } from '../testing/worker-protocol.ts';
import { type Channel, channelOf, FIRST_WINDOW_MS, rolloutSettings } from './channels.ts';
import type { Platforms } from './platforms.ts';

/**
 * Deployments that change a channel under way: its quota, and at last its name. Old and new workers run side by side for
 * a while, as an orchestrator has it, which starts again at once what refuses to begin.
 */
export interface Rollouts {
  /** What was deployed, in order, with the moment of its first process. */
  readonly deployed: readonly Deployed[];
  readonly complaints: readonly string[];
  /** The next version; resolves when it alone is at work. */
  next(): Promise<void>;
  close(): Promise<void>;
}

export interface Version {
  channel: Channel;
  windowMs: number;
}
export type Deployed = Version & { at: number };

export interface RolloutsOptions {
  versions: readonly Version[];
  redis: RedisAddress;
  platforms: Pick<Platforms, 'channels'>;
  logs: string;
  now(): number;
  pause(ms: number): Promise<void>;
  /** Messages that a channel's worker still has to bring to an end. */
  left(channel: Channel): Promise<number>;
  onPickup(pickup: Pickup): void;
  onWrite(write: Write): void;
  signal: AbortSignal;
}

/** Windows of neither length end together, but for one in every three. */
const OTHER_WINDOW_MS = 60_000;
const SIDE_BY_SIDE_MS = 10_000;
const AGAIN_MS = 1_000;
const LOOK_MS = 200;
/** Longer than a message lives. */
const DRAINS_WITHIN_MS = 160_000;
/** A new name waits for the old one to be drained, then for a window's end and the next one's beginning, on a slow machine. */
const BEGINS_WITHIN_MS = DRAINS_WITHIN_MS + 150_000;

/** The first, and as many changes as are asked for: another quota with each, and with the last another name. */
export function planVersions(changes: number): Version[] {
  return Array.from({ length: changes + 1 }, (_, number) => ({
    channel: channelOf(number > 0 && number === changes ? 'moved' : 'moving'),
    windowMs: number % 2 ? OTHER_WINDOW_MS : FIRST_WINDOW_MS,
  }));
}

export function openRollouts(options: RolloutsOptions): Rollouts {
  const { versions, platforms, pause, signal } = options;
  const deployed: Deployed[] = [];
  const complaints: string[] = [];
  const running = new Set<WorkerProcess>();
  let current: { worker: WorkerProcess; version: Version } | undefined;
  let started = 0;

  function launch({ channel, windowMs }: Version): WorkerProcess {
    started += 1;
    const name = `rollout-${started}`;
    const channels = platforms.channels([channel], rolloutSettings(windowMs));
    const config = { redis: options.redis, http: { port: 0 }, drainTimeout: '10s', channels };
    const worker = startWorkerProcess({
      name,
      config,
      logFile: join(options.logs, `${name}.log`),
      onPickup: options.onPickup,
      onWrite: options.onWrite,
      onStuck: (_, detail) => complaints.push(`${name} failed its liveness probe: ${detail}`),
      onEnd: (ended) => running.delete(ended),
    });
    running.add(worker);
    return worker;
  }

  async function until(holds: () => boolean | Promise<boolean>, withinMs: number): Promise<boolean> {
    const end = options.now() + withinMs;
    while (!signal.aborted) {
      if (await holds()) return true;
      if (options.now() > end) return false;
      await pause(LOOK_MS);
    }
    return true;
  }

  /** Starts it again and again, as long as it refuses. */
  async function begin(version: Version, first: WorkerProcess): Promise<WorkerProcess> {
    let worker = first;
    const ready = async (): Promise<boolean> => {
      if (running.has(worker) || worker.delivering) return worker.delivering;
      if (worker.refused === undefined) complaints.push(`${worker.name} ended by itself: see its log`);
      await pause(AGAIN_MS);
      worker = launch(version);
      return false;
    };
    if (!(await until(ready, BEGINS_WITHIN_MS)))
      complaints.push(
        `${worker.name} has not begun for ${BEGINS_WITHIN_MS / 1000} s: ${worker.refused ?? ''}`,
      );
    return worker;
  }

  return {
    deployed,
    complaints,
    async next() {
      const version = versions[deployed.length];
      if (!version) return;
      const old = current;
      deployed.push({ ...version, at: options.now() });
      const beginning = begin(version, launch(version));
      if (old) {
        await pause(SIDE_BY_SIDE_MS);
        // Nobody serves a name that is given up: what is queued by it is brought to an end before.
        const drained = async (): Promise<boolean> => (await options.left(old.version.channel)) === 0;
        if (old.version.channel !== version.channel) await until(drained, DRAINS_WITHIN_MS);
        old.worker.signal('SIGTERM');
        await old.worker.end;
      }
      current = { version, worker: await beginning };
    },
    async close() {
      for (const worker of running) worker.signal('SIGKILL');
      await Promise.all([...running].map(({ end }) => end));
    },
  };
}
