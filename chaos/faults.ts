import type { Clock } from '../src/clock.ts';
import type { Failpoint, Step } from '../testing/failpoints.ts';
import { channelOf, SERVED } from './channels.ts';
import { arm, type Fleet, type Place } from './fleet.ts';
import type { Acts, CommonFault, Fault } from './nemesis.ts';
import type { Platforms } from './platforms.ts';
import type { Orders } from './producer.ts';
import type { Link, Store } from './stores/store.ts';
import type { Undone } from './undone.ts';
import type { Waits } from './waits.ts';

/** Does to the system what the plan says, at its moment. */
export interface FaultDeps {
  fleet: Fleet;
  store: Store;
  platforms: Platforms;
  orders: Orders;
  undone: Pick<Undone, 'keep'>;
  waits: Pick<Waits, 'track'>;
  /** The producer's way to Redis. */
  enqueueing: Pick<Link, 'loseAnswer'>;
  /** Counts what was done, by kind. */
  count(kind: string, times?: number): void;
  /** Starts runs of dead letters anew; answers how many. */
  replay(): Promise<number>;
  clock: Pick<Clock, 'now'>;
  pause(ms: number): Promise<void>;
  elapsed(): number;
  signal: AbortSignal;
}

/** A worker whose failpoint no message reaches in that time is killed where it is. */
const REACHED_WITHIN_MS = 4_000;
/** Steps that few messages come to. */
const RARE: Partial<Record<Step, number>> = { passing_over: 20_000, leaving: 10_000, left: 10_000 };
/** No campaign may be under way. */
const IN_CAMPAIGN_MS = 15_000;
const LOOK_MS = 20;

/** Resolves when the last fault is over. */
export async function performFaults(plan: readonly Fault[], deps: FaultDeps): Promise<void> {
  const acts = { ...actsOf(deps), ...deps.store.acts(deps) };
  const { places } = deps.fleet;
  const running = new Set<Promise<void>>();
  for (const fault of plan) {
    await deps.pause(Math.max(0, fault.atMs - deps.elapsed()));
    if (deps.signal.aborted) break;
    const place = places[fault.worker % places.length]!;
    const act = acts[fault.kind] as ((fault: Fault, place: Place) => Promise<void> | void) | undefined;
    if (!act) throw new Error(`this store has no ${fault.kind}`);
    const acting = deps.waits.track(fault.kind, Promise.resolve(act(fault, place)));
    const done = acting.then(() => void running.delete(done));
    running.add(done);
  }
  await Promise.all(running);
}

function actsOf(deps: FaultDeps): Acts<CommonFault> {
  const { fleet, platforms, orders, clock, count, pause, replay, undone } = deps;
  const { proxies } = platforms;
  /** One that works: half of them at least do, so that somebody takes over. */
  const standing = (place: Place): Place | undefined => {
    const still = fleet.places.filter(({ worker, dying }) => worker.still || dying || !worker.delivering);
    const free = fleet.places.filter((each) => !still.includes(each));
    if (still.length * 2 >= fleet.places.length) return undefined;
    return still.includes(place) ? free[0] : place;
  };
  return {
    async kill({ at, inMany }, anyPlace) {
      // One that is only starting comes to no step.
      const place = (at !== undefined && working(fleet.places, anyPlace)) || anyPlace;
      const victim = place.worker;
      if (at !== undefined && victim.delivering && !victim.still) {
        arm(place, { at, inMany, does: 'die' });
        const withinMs = inMany === 'campaign' ? IN_CAMPAIGN_MS : REACHED_WITHIN_MS;
        await Promise.race([victim.end, pause(RARE[at] ?? withinMs)]);
      }
      if (place.worker !== victim) return;
      count('kill -9 at any moment');
      fleet.kill(place);
    },
    async freeze({ forMs }, place) {
      const victim = standing(place)?.worker;
      if (!victim) return;
      count('worker stopped beyond the lock');
      victim.signal('SIGSTOP');
      await pause(forMs);
      victim.signal('SIGCONT');
    },
    block({ at, forMs }, place) {
      const victim = standing(place);
      if (!victim) return;
      arm(victim, { at, does: 'block', ms: forMs });
    },
    answer_lost(_, { link }) {
      count('answer of redis lost');
      link.loseAnswer();
    },
    cut(_, { link }) {
      count('connections to redis cut');
      link.cut();
    },
    half_open({ forMs }, { link }) {
      count('connections to redis half-open');
      link.halfOpen(forMs);
    },
    delay({ byMs, forMs }, { link }) {
      count('redis slow');
      link.delay(byMs, forMs);
    },
    async platform_slow({ forMs }) {
      count('platform slow');
      platforms.slow(true);
      await pause(forMs);
      platforms.slow(false);
    },
    async platform_away({ forMs }, place) {
      count('platform refuses connections');
      await proxies[place.number % proxies.length]?.refuse(forMs);
    },
    platform_cut(_, place) {
      count('connections to the platform cut');
      proxies[place.number % proxies.length]?.cut();
    },
    async wrong_clock({ aheadMs, forMs }) {
      const idled = await fleet.visit(aheadMs, () => pause(forMs));
      count(
        idled ? 'worker an hour off that took nothing, and said so' : 'worker an hour off that never began',
      );
    },
    async clock_step({ aheadMs, forMs }, place) {
      const victim = standing(place)?.worker;
      if (!victim) return;
      count('clock stepped by three days, and back');
      victim.stepClock(aheadMs);
      await pause(forMs);
      victim.stepClock(0);
    },
    async paused({ forMs }) {
      count("queue paused by BullMQ's own pause");
      const from = clock.now();
      await orders.pause(PAUSED);
      await pause(forMs);
      await orders.resume(PAUSED);
      fleet.recovery.away(from, clock.now(), PAUSED.name);
      undone.keep({
        holds: async () => !(await orders.isPaused(PAUSED)),
        again: () => orders.resume(PAUSED),
        onAgain: (since, until) => fleet.recovery.away(since, until, PAUSED.name),
      });
    },
    async poison({ bytes }, { number }) {
      count('foreign job of megabytes');
      await orders.poison(SERVED[number % SERVED.length]!, bytes);
    },
    enqueue_answer_lost() {
      count('answer to an enqueue lost');
      deps.enqueueing.loseAnswer();
    },
    async hand_back({ dies }, place) {
      const holds = await inTheMiddle(place, pause);
      if (!holds || place.dying) return;
      count(
        dies ? 'kill -9 while handing back a job of many' : 'worker ended in the middle of a job of many',
      );
      await fleet.replace(place, dies ? { at: 'disposing', inMany: true, does: 'die' } : undefined);
    },
    async replay() {
      count('replay under way');
      count('dead letters replayed', await replay());
    },
    async deploy() {
      count('deploy under load');
      for (const place of fleet.places) await fleet.replace(place);
    },
  };
}

/** The first from this place on that delivers, and is not about to die. */
function working(places: readonly Place[], from: Place): Place | undefined {
  const inTurn = [...places.slice(from.number), ...places.slice(0, from.number)];
  return inTurn.find(({ worker, dying }) => worker.delivering && !worker.still && !dying);
}

/** Whether the worker of a place has several messages of one job in hand, now or soon. */
async function inTheMiddle({ worker }: Place, pause: FaultDeps['pause']): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < REACHED_WITHIN_MS; waitedMs += LOOK_MS) {
    const carriers = [...worker.inHand.values()].flatMap(({ job, carrier }) =>
      job === carrier ? [] : [carrier],
    );
    if (worker.delivering && new Set(carriers).size < carriers.length) return true;
    await pause(LOOK_MS);
  }
  return false;
}

const PAUSED = channelOf('staff');

/** How the place of a failpoint is called. */
export const placeOf = ({ at, inMany }: Failpoint): string =>
  `${PLACE_OF[at]}${inMany ? `, in a ${inMany === true ? 'job of many' : 'campaign'}` : ''}`;

const PLACE_OF: Readonly<Record<Step, string>> = {
  passing_over: 'with what of a job is over',
  admitting: 'before admission',
  granted: 'after the grant',
  writing: 'before the write',
  answered: "after the platform's answer",
  settled: 'after the settlement',
  ended: 'after the final settlement',
  disposing: "before the queue's verb",
  leaving: 'before a message leaves its job',
  left: 'after a message left its job',
};
