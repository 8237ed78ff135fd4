import type { Clock } from '../clock.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import { openBreaker, resumeWithCredentials } from './channel-state.ts';
import type { LedgerCalls } from './ledger.ts';
import { loadScript } from './script.ts';
import type { Settled, Settlement } from './types.ts';

/**
 * What holds for a channel over shards as a whole: a stop, a rest, the breaker. Its home has it; the shards have copies, which
 * their admissions read. A change is made at the home and then told to all shards, by whoever made it. Should that one die in
 * between, the next who tells them tells this too: at the latest the worker whose turn it is to sweep.
 */
export interface ChannelStores {
  home: ChannelStore;
  /** By shard. */
  shards: readonly ChannelStore[];
}

const holdsScript = loadScript('holds.lua');
const leaseScript = loadScript('lease.lua');

const request = (store: Pick<ChannelStore, 'run'>, op: object): Promise<unknown> =>
  store.run(holdsScript, [JSON.stringify(op)]);

/** A shard that was told something later has it of another who tells, mostly, and that one read later. */
const MOST_ROUNDS = 3;

/**
 * Tells all shards what holds for their channel. A shard that was told something later keeps that, unless its home has forgotten
 * it: after a failover to a node that lacked it, and whose clock is behind, the home goes on beyond what the shards have. Rejects if
 * one could not be reached, once the others have been told.
 */
export async function spreadHolds({ home, shards }: ChannelStores): Promise<void> {
  let [left, beyond] = [shards, 0];
  for (let round = 0; round < MOST_ROUNDS && left.length > 0; round++) {
    const held = JSON.parse((await request(home, { op: 'read', beyond })) as string) as object;
    const told = await Promise.allSettled(left.map((shard) => request(shard, { op: 'copy', held })));
    const failed = told.find((each) => each.status === 'rejected');
    if (failed) throw failed.reason;
    const later = told.map((each) => (each.status === 'fulfilled' ? Number(each.value) : 0));
    beyond = Math.max(...later);
    left = left.filter((_, i) => later[i]! > 0);
  }
}

/** A worker's part in it. */
export interface ChannelHolds {
  /** Tells what attempts say of the channel, where it may change something. */
  note(settlements: readonly Settlement[]): Promise<Health[]>;
  /** As `openBreaker`. */
  open(ms: number, opens: number): Promise<boolean>;
  /** As `resumeWithCredentials`. */
  resume(credentials: string): Promise<boolean>;
  /** Asks to send one message while the breaker is half open. @returns for how long it may not, milliseconds; 0 if it may */
  probe(): Promise<number>;
  /** The message of this nonce goes ahead. */
  probing(nonce: string): void;
  /** None goes ahead after all. */
  abandonProbe(): Promise<void>;
  /** Tells all shards what holds, or this one. */
  spread(shard?: number): Promise<void>;
}

type Health = Pick<Settled, 'failures' | 'opens'>;

export interface ChannelHoldsOptions {
  stores: ChannelStores;
  /** The home as attempts ask it; `spread` and `resume` prepare a store that nobody relies on yet. */
  relied: Pick<ChannelStore, 'run'>;
  /** Fingerprint of the channel's credentials. */
  credentials: string;
  /** The longest time from a grant to its deadline. */
  longestGrantMs: number;
  clock: Pick<Clock, 'monotonic'>;
  /** Called when the home or a shard could not be told: it is told with the next change, or when it is back. */
  onUntold(error: Error): void;
}

/** Failures in a row end with any worker's answer: each tells the home of one, but not more often. */
const ANSWER_TOLD_MS = 1_000;
/** How soon a shard is asked again that did not know yet what the home told it. */
const AGAIN_MS = 250;

export function createChannelHolds(options: ChannelHoldsOptions): ChannelHolds {
  const { stores, relied, credentials, clock } = options;
  const probes = new Set<string>();
  /** Whether the breaker may not be closed, or failures may be counted, by what this worker knows. */
  let troubled = false;
  let answerToldAt = Number.NEGATIVE_INFINITY;

  const spread = (shard?: number): Promise<void> => {
    const shards = shard === undefined ? stores.shards : stores.shards.slice(shard, shard + 1);
    return spreadHolds({ home: stores.home, shards }).catch(options.onUntold);
  };
  const changes = ({ health, rest, stop, nonce }: Settlement): boolean =>
    health === 'down' || rest !== undefined || stop !== undefined || probes.has(nonce) || isNews(health);
  const isNews = (health: Settlement['health']): boolean => health === 'up' && troubled;

  /** Nobody has to wait for the home to hear of what it expects. */
  function tellOfAnswer(settlements: readonly Settlement[]): void {
    const answered = settlements.find(({ health }) => health === 'up');
    if (!answered || clock.monotonic() - answerToldAt < ANSWER_TOLD_MS) return;
    answerToldAt = clock.monotonic();
    request(relied, { op: 'note', notes: [noteEntry(answered, credentials)] }).catch(options.onUntold);
  }

  async function note(settlements: readonly Settlement[]): Promise<Health[]> {
    const told = settlements.filter(changes);
    if (told.length === 0) {
      tellOfAnswer(settlements);
      return settlements.map(() => ({ failures: 0, opens: 0 }));
    }
    const wasTroubled = troubled;
    const notes = told.map((each) => noteEntry(each, credentials));
    const answers = (await request(relied, { op: 'note', notes })) as [failures: number, opens: number][];
    const [failures = 0, opens = 0] = answers.at(-1) ?? [];
    troubled = failures > 0 || opens > 0;
    for (const { nonce } of told) probes.delete(nonce);
    if (told.some(({ rest, stop }) => rest || stop) || (wasTroubled && !troubled)) await spread();
    const byOrder = answers.values();
    return settlements.map((each) => {
      const [failures, opens] = (told.includes(each) ? byOrder.next().value : undefined) ?? [0, 0];
      return { failures, opens };
    });
  }

  const changing = async (change: Promise<boolean>): Promise<boolean> => {
    const changed = await change;
    if (changed) await spread();
    return changed;
  };

  return {
    note,
    spread,
    open: (ms, opens) => changing(openBreaker(relied, ms, opens)),
    resume: (fingerprint) => changing(resumeWithCredentials(stores.home, fingerprint)),
    async probe() {
      troubled = true;
      const longest = options.longestGrantMs;
      const reply = await relied.run(leaseScript, [JSON.stringify({ op: 'probe', longest })]);
      const [answer, ms = 0] = reply as [answer: string, ms?: number];
      if (answer === 'other') await spread();
      return answer === 'granted' ? 0 : Math.max(1, ms || AGAIN_MS);
    },
    probing: (nonce) => void probes.add(nonce),
    async abandonProbe() {
      await request(relied, { op: 'note', notes: [{ effect: 'back' }] });
    },
  };
}

const noteEntry = ({ effect, health, rest, stop }: Settlement, credentials: string): object => ({
  effect,
  health: health && (health === 'up' ? 1 : -1),
  rest: rest && [rest.reason, rest.ms],
  stop: stop && [stop.reason, credentials],
});

/** Failures in a row are the home's to count. */
const withoutFailure = (settlement: Settlement): Settlement =>
  settlement.health === 'down' ? { ...settlement, health: undefined } : settlement;

/** Settles in a shard, and then tells the channel's home what concerns the channel. */
export function withChannelHolds(calls: LedgerCalls, holds: Pick<ChannelHolds, 'note'>): LedgerCalls {
  return {
    admit: calls.admit,
    async settle(settlements) {
      const settled = await calls.settle(settlements.map(withoutFailure));
      const counted = settlements.filter((_, i) => settled[i]!.status !== 'stale');
      const health = (await holds.note(counted)).values();
      return settled.map((each) => (each.status === 'stale' ? each : { ...each, ...health.next().value }));
    },
  };
}
