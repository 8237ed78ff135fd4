import type { Clock } from '../clock.ts';

/**
 * Starts the messages of the jobs that a worker holds: as many at a time as the channel's concurrency, and somewhat ahead where `ahead`
 * says so, no faster than its rate, and the most urgent first. Concurrency and rate count messages, however many of them a job carries.
 *
 * The rate here only saves questions. The store decides about the rate, for all workers together; but without this pacing a job of
 * hundreds of messages, at ten a second, would ask it for all of them again and again.
 */
export interface Dispatcher {
  /**
   * Opens a lane with a backlog of its own. Lanes take turns, so that none waits for another one's backlog.
   * @param onStart called when a message of the lane starts, and its backlog may have become smaller
   */
  lane(onStart: () => void): Lane;
}

export interface Lane {
  /** Starts the items, in order, as soon as each may start. */
  add<T>(batch: Batch<T>): Started<T>;
  /** The number of the lane's messages, in jobs of many, that have not started. */
  backlog(): number;
  /** The store has refused: for so long, starts no message of this urgency or of a lesser one, in any lane. */
  hold(ms: number, urgency: Urgency): void;
}

/**
 * Priority 0 in a job of its own is urgent: the store keeps half of the time ahead that it grants for it (`ahead` in
 * admit.lua), so that it never waits behind bulk for more than half a second.
 */
export type Urgency = 'urgent' | 'bulk';

export interface Batch<T> {
  items: readonly T[];
  /** Lower ones first; equal ones in the order of their batches. */
  rank: number;
  urgency: Urgency;
  /**
   * Delivers one item. Never rejects.
   * @param answered frees the item's place in the concurrency early: its request has ended, and only the result is still to be written
   * @returns whether a request left, which has taken a token of the rate
   */
  run(item: T, batch: Started<T>, answered: () => void): Promise<boolean>;
}

export interface Started<T> {
  /** Puts back an item that was started, to be started again before those of equal rank. */
  again(item: T): void;
  /** Removes the items that have not started, and returns them. */
  withdraw(): T[];
}

export interface DispatcherOptions {
  concurrency: number;
  /** How many messages may start beyond the concurrency, at this moment; none when absent. */
  ahead?: (() => number) | undefined;
  /** Milliseconds between two messages; undefined without a rate. */
  intervalMs: number | undefined;
  /** How long before its moment, by the rate, a message may start. */
  aheadMs: Record<Urgency, number>;
  clock: Pick<Clock, 'monotonic'>;
}

interface OpenLane {
  /** By rank, and in the order of their arrival. */
  queue: Waiting[];
  backlog: number;
  onStart(): void;
}

interface Waiting {
  lane: OpenLane;
  batch: Batch<unknown>;
  started: Started<unknown>;
  /** Those that have not started, last first. */
  items: unknown[];
}

/**
 * How long a lane's turn takes. Messages that start together share the calls to their lane's store, and so do those that end together:
 * whenever the turn passes on, messages of two lanes are under way, and each lane makes calls of its own. A long turn would let the
 * other lanes wait.
 */
const TURN_MS = 100;

/**
 * The messages of a lane's turn: by the rate, as many as it allows in that time. Without a rate, a turn takes that time, and has as many as
 * can be under way at least.
 */
const turnLength = ({ concurrency, intervalMs }: DispatcherOptions): number =>
  intervalMs === undefined
    ? concurrency
    : Math.min(concurrency, Math.max(1, Math.floor(TURN_MS / intervalMs)));

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { concurrency, ahead = () => 0, intervalMs, aheadMs, clock } = options;
  const ofATurn = turnLength(options);
  /** In the order of their turns: the lane whose turn was last is at the end. */
  const lanes: OpenLane[] = [];
  /** How many the first lane has started in its turn. */
  let startedInTurn = 0;
  let turnSince = 0;
  const heldUntil: Record<Urgency, number> = { urgent: 0, bulk: 0 };
  let running = 0;
  /** When the next message is due by the rate. */
  let nextAt = 0;
  /** How often the store has told when that is: what was started before counts no more. */
  let told = 0;
  let timer: NodeJS.Timeout | undefined;

  const count = ({ batch, lane }: Waiting, by: number): void => {
    if (batch.items.length > 1) lane.backlog += by;
  };

  function next(): Waiting | undefined {
    let first: Waiting | undefined;
    for (const { queue } of lanes)
      if (queue[0] && queue[0].batch.rank < (first?.batch.rank ?? Number.POSITIVE_INFINITY)) first = queue[0];
    return first;
  }

  /** Another lane than the first starts something where that one has nothing as urgent: its turn begins then. */
  function takesTurn(lane: OpenLane): void {
    if (lane !== lanes[0]) {
      lanes.splice(lanes.indexOf(lane), 1);
      lanes.unshift(lane);
      startedInTurn = 0;
    }
    if (startedInTurn === 0) turnSince = clock.monotonic();
    startedInTurn += 1;
  }

  function passTurn(): void {
    if (lanes.length === 1) return;
    const over =
      startedInTurn >= ofATurn && (intervalMs !== undefined || clock.monotonic() - turnSince >= TURN_MS);
    if (!over) return;
    lanes.push(lanes.shift() as OpenLane);
    startedInTurn = 0;
  }

  function startAt(urgency: Urgency): number {
    return Math.max(heldUntil[urgency], intervalMs === undefined ? 0 : nextAt - aheadMs[urgency]);
  }

  function pump(): void {
    const most = concurrency + ahead();
    for (;;) {
      passTurn();
      const first = next();
      if (!first || running >= most) return;
      const at = startAt(first.batch.urgency);
      const waitMs = at > 0 ? at - clock.monotonic() : 0;
      if (waitMs > 0) {
        wakeIn(waitMs);
        return;
      }
      start(first);
    }
  }

  function start(waiting: Waiting): void {
    const { lane } = waiting;
    const item = waiting.items.pop();
    if (waiting.items.length === 0) lane.queue.shift();
    takesTurn(lane);
    count(waiting, -1);
    running += 1;
    if (intervalMs !== undefined) nextAt = Math.max(nextAt, clock.monotonic()) + intervalMs;
    lane.onStart();
    const toldBefore = told;
    let counted = true;
    const answered = (): void => {
      if (counted) running -= 1;
      counted = false;
      pump();
    };
    void waiting.batch.run(item, waiting.started, answered).then((sent) => {
      if (!sent && intervalMs !== undefined && toldBefore === told) nextAt -= intervalMs;
      answered();
    });
  }

  function wakeIn(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(pump, ms);
    timer.unref();
  }

  function add(lane: OpenLane, batch: Batch<unknown>): Started<unknown> {
    const { queue } = lane;
    const items = batch.items.toReversed();
    const started: Started<unknown> = {
      again(item) {
        if (items.length === 0)
          queue.splice(
            placeOf(queue, (rank) => rank >= batch.rank),
            0,
            waiting,
          );
        items.push(item);
        count(waiting, 1);
      },
      withdraw() {
        const left = items.splice(0).reverse();
        count(waiting, -left.length);
        if (left.length > 0) queue.splice(queue.indexOf(waiting), 1);
        return left;
      },
    };
    const waiting: Waiting = { lane, batch, items, started };
    if (items.length > 0)
      queue.splice(
        placeOf(queue, (rank) => rank > batch.rank),
        0,
        waiting,
      );
    count(waiting, items.length);
    pump();
    return started;
  }

  function hold(ms: number, urgency: Urgency): void {
    const until = clock.monotonic() + ms;
    heldUntil.bulk = Math.max(heldUntil.bulk, until);
    if (urgency === 'urgent') heldUntil.urgent = Math.max(heldUntil.urgent, until);
    // Half of the time ahead is free by then (`next_moment` in admit.lua).
    nextAt = until + aheadMs[urgency] / 2;
    told += 1;
  }

  return {
    lane(onStart) {
      const lane: OpenLane = { queue: [], backlog: 0, onStart };
      lanes.push(lane);
      return {
        add: (batch) => add(lane, batch as Batch<unknown>) as Started<never>,
        backlog: () => lane.backlog,
        hold,
      };
    },
  };
}

function placeOf(queue: readonly Waiting[], isBehind: (rank: number) => boolean): number {
  const at = queue.findIndex(({ batch }) => isBehind(batch.rank));
  return at < 0 ? queue.length : at;
}
