import { expect } from 'vitest';
import type { LedgerEntry } from '../../../src/ledger/lookups.ts';
import type { Grant, Settled, Settlement } from '../../../src/ledger/types.ts';
import type { FinalState, Outcome } from '../../../src/outcome.ts';
import { windowEnd } from './expected-admission.ts';
import type { MessageSpec, Setup } from './setup.ts';
import * as time from './time.ts';

/**
 * What really happened, whatever the ledger or its model make of it: grants, requests, arrivals, settlements. The
 * invariants are judged by these books alone.
 */
export interface Flight {
  readonly message: MessageSpec;
  readonly grant: Grant;
  readonly life: number;
  readonly at: number;
  /** The rate's moment for it. */
  readonly moment: number;
  readonly deadline: number;
  wrote: boolean;
  arrived: boolean;
  /** What the platform answered to a request that did not arrive; undefined when it was lost on the way. */
  refusal: Outcome | undefined;
  end: 'owed' | 'cleared' | 'doubt' | 'delivered';
  /** The worker never learned of this grant. */
  unheard: boolean;
}

interface Arrival {
  player: string;
  at: number;
  /** Undefined: of somebody who does not use Herald. */
  of: Flight | undefined;
  /** The ledger knows of it, or was refused for it. */
  seen: boolean;
}

/** How much earlier the platform's calendar turns. */
const SHIFT = 240;

export type Fate = 'arrives' | 'lost' | 'rate_limited' | 'bad_recipient' | 'not_played' | 'credentials';

const REFUSALS: Record<Exclude<Fate, 'arrives' | 'lost'>, Outcome> = {
  rate_limited: { kind: 'throttled', reason: 'rate_limited', restMs: time.ms(time.RETRY_AFTER) },
  bad_recipient: { kind: 'rejected', reason: 'bad_recipient', detail: 'nobody' },
  not_played: { kind: 'suppressed', reason: 'ineligible' },
  credentials: { kind: 'throttled', reason: 'channel_stopped', stop: 'credentials' },
};
const QUOTA_REFUSED: Outcome = { kind: 'throttled', reason: 'quota_refused' };

export class Books {
  readonly flights: Flight[] = [];
  private readonly setup: Setup;
  /** When each player was sent something. */
  private readonly arrivals: Arrival[] = [];
  private readonly ends = new Set<string>();
  private readonly lives = new Map<string, number>();

  constructor(setup: Setup) {
    this.setup = setup;
  }

  /** A grant was given at `at`. */
  granted(message: MessageSpec, grant: Grant, at: number, wait: number): void {
    const moment = at + wait;
    const flight: Flight = {
      ...{ message, grant, life: this.life(message.id), at, moment, deadline: moment + time.LEASE },
      ...{ wrote: false, arrived: false, refusal: undefined, end: 'owed', unheard: false },
    };
    for (const other of this.flights) this.compare(flight, other);
    // Rule 2: no grant crosses the end of its window.
    if (this.setup.quota === 'calendar' && grant.kind === 'grant')
      expect(grant.deadlineAt, 'the deadline, by the end of the window').toBeLessThanOrEqual(grant.windowEnd);
    expect(this.ends.has(this.runName(message.id, grant.run)), 'a run that ended is not sent again').toBe(
      false,
    );
    this.flights.push(flight);
  }

  private compare(flight: Flight, other: Flight): void {
    const { message, grant, at } = flight;
    const asks = grant.kind === 'ask' || other.grant.kind === 'ask';
    const samePlayer = other.message.player === message.player && this.setup.quota !== 'none';
    const rival = message.id === other.message.id || (!asks && samePlayer);
    if (rival && other.end === 'owed')
      expect(other.deadline, 'invariant 6: one unexpired grant a slot').toBeLessThan(at);
    if (!asks && samePlayer && message.id !== other.message.id && this.holds(other, at))
      expect(other.end, 'invariant 1: one send a window, unresolved or delivered').toBe('cleared');
    if (this.setup.rate)
      expect(flight.moment - other.moment, 'rule 8: the rate').toBeGreaterThanOrEqual(time.INTERVAL);
  }

  /** Whether the window of a flight is that of an instant. */
  private holds({ at }: Flight, now: number): boolean {
    return this.setup.quota === 'rolling' ? now < at + time.ROLLING : windowEnd(at) === windowEnd(now);
  }

  /** A worker writes the request. Rule 4: not past its deadline. */
  write(flight: Flight, fate: Fate, now: number): void {
    if (flight.wrote || flight.end !== 'owed' || now > flight.deadline) return;
    flight.wrote = true;
    if (fate === 'lost' || flight.grant.kind === 'ask') return;
    if (fate !== 'arrives') flight.refusal = REFUSALS[fate];
    else if (this.limits(flight, now)) flight.refusal = QUOTA_REFUSED;
    else this.arrive(flight, now);
  }

  /** Kongregate's own rule, which `presume` relies on. */
  private limits({ message }: Flight, now: number): boolean {
    if (this.setup.resolution !== 'presume' || this.setup.quota === 'none') return false;
    return this.arrivals.some(({ player, at }) => player === message.player && this.samePlatformDay(at, now));
  }

  private samePlatformDay(at: number, now: number): boolean {
    const { platformDay } = this.setup;
    if (platformDay === 'longer') return now < at + time.REAL_DAY;
    if (platformDay === 'shifted') return windowEnd(at + SHIFT) === windowEnd(now + SHIFT);
    return this.sameWindow(at, now);
  }

  private sameWindow(at: number, now: number): boolean {
    return this.setup.quota === 'rolling' ? now < at + time.ROLLING : windowEnd(at) === windowEnd(now);
  }

  private arrive(flight: Flight, at: number): void {
    const { player } = flight.message;
    for (const earlier of this.arrivals) {
      if (!earlier.of || earlier.player !== player) continue;
      // Where the platform's day turns between a send and its repetition, both are taken: the limit of `presume`.
      if (sameRun(earlier.of, flight)) expect(this.repeats(), 'a run arrives once').toBe(true);
      else if (this.setup.quota !== 'none')
        expect(this.sameWindow(earlier.at, at), 'a second message for a player in a window').toBe(false);
    }
    flight.arrived = true;
    this.arrivals.push({ player, at, of: flight, seen: true });
  }

  private repeats(): boolean {
    const { resolution, platformDay } = this.setup;
    return resolution === 'resend' || (resolution === 'presume' && platformDay === 'shifted');
  }

  /** Somebody who does not use Herald writes to a player. */
  foreign(player: string, at: number): void {
    this.arrivals.push({ player, at, of: undefined, seen: false });
  }

  /** What the platform says when it is asked about a run. */
  found(flight: Flight): boolean {
    return this.flights.some((each) => each.arrived && sameRun(each, flight));
  }

  /** What a worker can tell of its request. */
  outcome(flight: Flight, answerLost: boolean): Outcome {
    const lost: Outcome = { kind: 'unknown', reason: 'connection_lost', detail: 'reset' };
    if (answerLost || (flight.wrote && !flight.arrived && !flight.refusal)) return lost;
    if (flight.refusal) return flight.refusal;
    return { kind: 'delivered', reason: 'sent' };
  }

  settled(
    flight: Flight,
    { effect, final, foreign }: Pick<Settlement, 'effect' | 'final' | 'foreign'>,
    settled: Settled,
  ): void {
    if (effect === 'delivered') this.clear(flight, 'delivered');
    else if (effect === 'absent') this.clear(flight, 'cleared');
    else if (flight.grant.kind === 'ask') flight.end = 'cleared';
    // A failure told after another grant was given is not heard: the run stays in doubt.
    else flight.end = effect === 'doubt' || settled.status === 'stale' ? 'doubt' : 'cleared';
    this.ended(flight.message, settled, final, flight);
    if (foreign && settled.status !== 'stale') this.sawForeign(flight);
  }

  /** The ledger was told of a refusal: by then it knows that somebody else writes to the player. */
  private sawForeign({ message, at }: Flight): void {
    for (const each of this.arrivals) if (each.player === message.player && each.at <= at) each.seen = true;
  }

  /** Proof ends every doubt about the run. */
  private clear(flight: Flight, end: Flight['end']): void {
    for (const each of this.flights) if (sameRun(each, flight) && each.end !== 'delivered') each.end = end;
  }

  /** Rule 9 and invariant 2: one final state a run, and `delivered` is no lie. */
  ended(
    message: MessageSpec,
    settled: Pick<Settled, 'status' | 'run'>,
    final: FinalState | undefined,
    by: Flight | undefined,
  ): void {
    if (settled.status !== 'first' || !final) return;
    const name = this.runName(message.id, settled.run);
    expect(this.ends.has(name), `invariant 2: one final state for ${name}`).toBe(false);
    this.ends.add(name);
    if (final.state !== 'delivered' || !by) return;
    // Rule 6: only what nobody told the ledger may deceive it.
    const hidden = this.arrivals.some(({ seen, player }) => !seen && player === message.player);
    if (!hidden) expect(this.found(by), 'what is called delivered arrived').toBe(true);
  }

  /** A day after its end another job begins a new life under the name: its runs are counted from the first again. */
  newLife(id: string): void {
    this.lives.set(id, this.life(id) + 1);
  }

  private life(id: string): number {
    return this.lives.get(id) ?? 0;
  }

  private runName(id: string, run: number): string {
    return `${id}, run ${run}, life ${this.life(id)}`;
  }

  /** Grants that no request was made with, so that their worker may be one that never heard of them. */
  unused(): Flight[] {
    return this.flights.filter(({ wrote, end, unheard }) => !wrote && end === 'owed' && !unheard);
  }

  /** Flights that some worker still has to tell of. Nobody is held up for half a day: requests end at their deadline. */
  owed(now: number): Flight[] {
    return this.flights.filter((each) => {
      const current = each.life === this.life(each.message.id) && now < each.deadline + time.DAY / 2;
      return each.end === 'owed' && !each.unheard && current;
    });
  }

  /** Whether nothing else of the flight's message is unresolved or delivered. */
  isAlone(flight: Flight): boolean {
    const { id } = flight.message;
    return this.flights.every((each) => each === flight || each.message.id !== id || each.end === 'cleared');
  }

  /** Invariant 5: an unknown send keeps its slot until it is resolved or taken. */
  checkSlots(message: MessageSpec, { slot }: LedgerEntry, now: number): void {
    if (this.setup.quota === 'none') return;
    for (const flight of this.flights) {
      const unresolved = flight.end === 'owed' || flight.end === 'doubt';
      if (flight.message.id !== message.id || flight.grant.kind === 'ask') continue;
      if (unresolved && this.holds(flight, now))
        expect(slot, 'invariant 5: an unknown send keeps its slot').toMatchObject({ own: true });
    }
  }
}

const sameRun = (a: Flight, b: Flight): boolean =>
  a.message.id === b.message.id && a.life === b.life && a.grant.run === b.grant.run;
