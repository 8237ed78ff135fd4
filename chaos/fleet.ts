import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../src/clock.ts';
import type { RedisAddress } from '../src/redis/address.ts';
import type { Failpoint } from '../testing/failpoints.ts';
import { startWorkerProcess, type WorkerProcess } from '../testing/worker-process.ts';
import type { Pickup, Write } from '../testing/worker-protocol.ts';
import type { EndedWith } from './failovers.ts';
import { createRecovery, type Recovery } from './recovery.ts';
import type { Link, Store } from './stores/store.ts';

/** The workers of a run, each with its own way to Redis. Whichever dies is started again at once. */
export interface Fleet {
  readonly recovery: Recovery;
  /** By place; the process in a place changes. */
  readonly places: readonly Place[];
  /** What a worker did that it never should: told at the end, and breaks the promise. */
  readonly complaints: readonly string[];
  /** Processes started, and processes killed, so far. */
  readonly started: number;
  readonly killed: number;
  start(): Promise<void>;
  /** kill -9, now. */
  kill(place: Place): void;
  /**
   * A new process takes the place; the old one is asked to end.
   * @param failpoint by which it may die meanwhile
   */
  replace(place: Place, failpoint?: Failpoint): Promise<void>;
  /** Whether a worker that had the message in hand, by `<channel> <id>`, ended within this time. */
  endedWith: EndedWith;
  /** One more, apart from the places, whose clock is wrong; answers whether it began, took nothing, and said so. */
  visit(aheadMs: number, stay: () => Promise<void>): Promise<boolean>;
  close(): Promise<void>;
}

export interface Place {
  readonly number: number;
  /** Its way to the store. */
  readonly link: Link;
  worker: WorkerProcess;
  /** Steps at which it is to die, so that its end is expected. */
  dying: boolean;
}

export interface FleetOptions {
  size: number;
  store: Pick<Store, 'openLink'>;
  /** Of herald.yaml's shape, for workers that reach Redis by this address. */
  config(redis: RedisAddress): Record<string, unknown>;
  logs: string;
  clock: Clock;
  onPickup(pickup: Pickup): void;
  onWrite?(write: Write): void;
  /** A worker reached its failpoint. */
  onFailpoint(failpoint: Failpoint): void;
}

export const DRAIN_MS = 10_000;
/** After the drain: ioredis watches over a socket that it ends for 2 s, and the machine is busy. */
const END_MS = 8_000;

export async function openFleet(options: FleetOptions): Promise<Fleet> {
  const { clock, logs, size } = options;
  const recovery = createRecovery();
  const complaints: string[] = [];
  const everybody = new Set<WorkerProcess>();
  const expected = new Set<WorkerProcess>();
  const leaving = new Set<WorkerProcess>();
  const mayDie = new Set<WorkerProcess>();
  const killedAt = new Map<WorkerProcess, number>();
  const hands = new Map<string, Set<string>>();
  const endedAt = new Map<string, number>();
  const places: Place[] = [];
  let started = 0;
  let killed = 0;
  let closing = false;
  const logOf = (name: string): string => join(logs, `${name}.log`);

  const events = {
    onPickup(pickup: Pickup, by: string) {
      hands.set(pickup.message, (hands.get(pickup.message) ?? new Set()).add(by));
      recovery.taken(clock.now(), pickup.job);
      options.onPickup(pickup);
    },
    onFailpoint(worker: WorkerProcess, failpoint: Failpoint) {
      options.onFailpoint(failpoint);
      if (failpoint.does === 'die') killedAt.set(worker, clock.now());
    },
    onEnd(worker: WorkerProcess) {
      everybody.delete(worker);
      endedAt.set(worker.name, clock.now());
      const place = places.find((each) => each.worker === worker);
      if (closing) return;
      const gone = mayDie.has(worker) && worker.drained === undefined;
      const died = gone || expected.has(worker) || place?.dying === true;
      if (died) {
        killed += 1;
        recovery.killed(killedAt.get(worker) ?? clock.now(), [...worker.inHand.values()]);
      } else if (worker.drained === undefined && !(leaving.has(worker) && worker.pickups === 0))
        complaints.push(`${worker.name} ended by itself: see its log`);
      if (place) fill(place);
    },
    onStuck: ({ name }: WorkerProcess, detail: string) =>
      complaints.push(`${name} failed its liveness probe: ${detail}`),
  };

  function launch(name: string, link: Link, clockAheadMs = 0): WorkerProcess {
    started += 1;
    const config = options.config(link.address);
    const onPickup = (pickup: Pickup): void => events.onPickup(pickup, name);
    const logFile = logOf(name);
    const worker = startWorkerProcess({
      ...{ name, config, clockAheadMs, logFile, natMap: link.natMap },
      ...{ ...events, onPickup, onWrite: options.onWrite },
    });
    everybody.add(worker);
    return worker;
  }

  function fill(place: Place): void {
    place.dying = false;
    place.worker = launch(`worker-${place.number}-${started}`, place.link);
  }

  async function retire(worker: WorkerProcess): Promise<void> {
    // One that has not begun to listen for it ends at once, as a process does.
    leaving.add(worker);
    // One that stands still when it is told to end hears of it only when it goes on, and has less time for its drain.
    const stood = worker.still;
    worker.signal('SIGTERM');
    const late = setTimeout(() => {
      const what = worker.drained ? 'closed, and did not end' : 'did not close within its drain timeout';
      if (!stood && !worker.still) complaints.push(`${worker.name} ${what}`);
      killedAt.set(worker, clock.now());
      expected.add(worker);
      worker.signal('SIGKILL');
    }, DRAIN_MS + END_MS);
    await worker.end;
    clearTimeout(late);
  }

  return {
    recovery,
    places,
    complaints,
    get started() {
      return started;
    },
    get killed() {
      return killed;
    },
    endedWith: (message, from, to) =>
      [...(hands.get(message) ?? [])].some((worker) => {
        const at = endedAt.get(worker);
        return at !== undefined && at >= from && at <= to;
      }),
    async start() {
      for (let number = 0; number < size; number += 1) {
        const link = await options.store.openLink();
        const worker = launch(`worker-${number}-${started}`, link);
        places.push({ number, link, worker, dying: false });
      }
    },
    kill({ worker }) {
      killedAt.set(worker, clock.now());
      expected.add(worker);
      worker.signal('SIGKILL');
    },
    async replace(place, failpoint) {
      const old = place.worker;
      if (place.dying) return;
      if (failpoint) {
        mayDie.add(old);
        old.arm(failpoint);
      }
      fill(place);
      await retire(old);
    },
    async visit(aheadMs, stay) {
      const link = await options.store.openLink();
      const visitor = launch(`visitor-${started}`, link, aheadMs);
      await stay();
      const { pickups, delivering, name } = visitor;
      await retire(visitor);
      await link.close();
      const log = await readFile(logOf(name), 'utf8');
      const said = log.includes('"offset_ms"');
      if (pickups > 0) complaints.push(`${name}, whose clock is wrong, took ${pickups} messages`);
      if (delivering && !said) complaints.push(`${name} did not say that its clock is wrong`);
      return delivering && said && pickups === 0;
    },
    async close() {
      closing = true;
      for (const worker of everybody) worker.signal('SIGKILL');
      await Promise.all([...everybody].map(({ end }) => end));
      for (const { link } of places) await link.close();
    },
  };
}

/** Arms a failpoint in the worker of a place. */
export function arm(place: Place, failpoint: Failpoint): void {
  if (failpoint.does === 'die') place.dying = true;
  place.worker.arm(failpoint);
}
