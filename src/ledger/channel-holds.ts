import type { Clock } from '../clock.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import { openBreaker, resumeWithCredentials } from './channel-state.ts';
import { coalesce } from './coalesce.ts';
import { loadScript } from './script.ts';
import type { Settled, Settlement } from './types.ts';

/**
 * The holds of a channel over shards: a stop, a rest, the breaker. The channel's home has them; the shards have copies, which their
 * admissions read. Whoever changes something does so at the home, and then copies it to all shards. If that process dies in between,
 * the next copy brings the change along: at the latest that of the worker whose turn it is to sweep.
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

/** How often a copy is tried. If a shard has a later version, another process has mostly read later, and copied in between. */
const MOST_ROUNDS = 3;

/**
 * Copies the holds of a channel from its home to all shards. A shard that has a later version keeps it, unless the home has forgotten that
 * version: after a failover to a node that lacks it, and whose clock is behind, the home's version is raised beyond those of the shards.
 * Rejects if a shard could not be reached, once the others have their copy.
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

/** What a worker does about the holds of its channel. */
export interface ChannelHolds {
  /**
   * Tells the home what a settlement says of the channel. Settlements that say something at the same time share a call.
   * @returns once the home was told; undefined where that changes nothing, and nobody has to wait
   */
  note(settlement: Settlement): Promise<Health> | undefined;
  /** As `openBreaker`. */
  open(ms: number, opens: number): Promise<boolean>;
  /** As `resumeWithCredentials`. */
  resume(credentials: string): Promise<boolean>;
  /** Asks whether one message may be sent as a probe, while the breaker is half open. @returns 0 if it may, or for how many milliseconds not */
  probe(): Promise<number>;
  /** Call when the message of this nonce is the probe. */
  probing(nonce: string): void;
  /** Call when no message is the probe after all. */
  abandonProbe(): Promise<void>;
  /** Copies the holds to all shards, or to this one. */
  spread(shard?: number): Promise<void>;
}

type Health = Pick<Settled, 'failures' | 'opens'>;

/** What the home answers to a settlement. */
interface Noted extends Health {
  /** Resolves once the shards have their copies; undefined where these are not changed. */
  copied: Promise<void> | undefined;
}

export interface ChannelHoldsOptions {
  stores: ChannelStores;
  /**
   * The home as it is asked: behind the gate that waits until the store can be relied on. (`spread` and `resume` go past the gate, since they
   * prepare a store that is not relied on yet.)
   */
  asked: Pick<ChannelStore, 'run'>;
  /**
   * The home as it is told of answers: once this worker's recent writes are restored. It must not wait any longer, because the messages that
   * say something of the channel wait for it.
   */
  told: Pick<ChannelStore, 'run'>;
  /** Fingerprint of the channel's credentials. */
  credentials: string;
  /** The longest time from a grant to its deadline. */
  longestGrantMs: number;
  clock: Pick<Clock, 'monotonic'>;
  /** Called when the home or a shard could not be reached. It gets a copy with the next change, or when it is back. */
  onUntold(error: Error): void;
}

/** Any worker's answer ends the failures in a row: each worker tells the home of one answer in this time. */
const ANSWER_TOLD_MS = 1_000;
/** How soon a shard is asked again that did not have the home's copy yet. */
const AGAIN_MS = 250;
const MOST_NOTES = 100;

export function createChannelHolds(options: ChannelHoldsOptions): ChannelHolds {
  const { stores, asked, told, credentials, clock } = options;
  /**
   * The nonce of the last message that went ahead. The home lets another one only once this one can no longer be under way; nor is it settled
   * where it is not waited for any more.
   */
  let probe: string | undefined;
  /** Whether, as far as this worker knows, the breaker may be open or failures may be counted. */
  let troubled = false;
  let answerToldAt = Number.NEGATIVE_INFINITY;

  const spread = (shard?: number): Promise<void> => {
    const shards = shard === undefined ? stores.shards : stores.shards.slice(shard, shard + 1);
    return spreadHolds({ home: stores.home, shards }).catch(options.onUntold);
  };
  const changes = ({ health, rest, stop, nonce }: Settlement): boolean =>
    health === 'down' || rest !== undefined || stop !== undefined || nonce === probe || isNews(health);
  const isNews = (health: Settlement['health']): boolean => health === 'up' && troubled;

  async function tell(news: readonly Settlement[]): Promise<Noted[]> {
    const notes = news.map((each) => noteEntry(each, credentials));
    const answers = (await request(told, { op: 'note', notes })) as [failures: number, opens: number][];
    const wasTroubled = troubled;
    const [failures = 0, opens = 0] = answers.at(-1) ?? [];
    troubled = failures > 0 || opens > 0;
    if (news.some(({ nonce }) => nonce === probe)) probe = undefined;
    const changed = news.some(({ rest, stop }) => rest || stop) || (wasTroubled && !troubled);
    // The call to the home does not wait for the shards, one of which may be away: others may be told meanwhile.
    const copied = changed ? spread() : undefined;
    return answers.map(([failures, opens]) => ({ failures, opens, copied }));
  }
  // What it refuses, it refuses for its own state, whichever settlements say it; and to note one twice would count a failure twice.
  const telling = coalesce(tell, { max: MOST_NOTES, refusedByStore: () => false });

  /** Tells the home of an answer, without waiting for it: while nothing is wrong, the answer changes nothing. */
  function tellOfAnswer(settlement: Settlement): void {
    if (settlement.health !== 'up' || clock.monotonic() - answerToldAt < ANSWER_TOLD_MS) return;
    answerToldAt = clock.monotonic();
    telling.call(settlement).catch(options.onUntold);
  }

  async function tellNews(settlement: Settlement): Promise<Health> {
    const { failures, opens, copied } = await telling.call(settlement);
    await copied;
    // As for a channel with one store: only a request without an answer counts. A probe that never left opens no breaker.
    return settlement.health === 'down' ? { failures, opens } : { failures: 0, opens: 0 };
  }

  const changing = async (change: Promise<boolean>): Promise<boolean> => {
    const changed = await change;
    if (changed) await spread();
    return changed;
  };
  const spreadOnce = async (asked: readonly undefined[]): Promise<undefined[]> => {
    await spread();
    return [...asked];
  };
  const spreading = coalesce(spreadOnce, { max: Number.POSITIVE_INFINITY, refusedByStore: () => false });

  /**
   * Where the answer of the call that opened the breaker was lost, its repetition answers that nothing has changed, and no shard has heard
   * of it. So answer the calls of all messages that failed meanwhile: these share their copies, and do not wait for the shards.
   */
  async function open(ms: number, opens: number): Promise<boolean> {
    const opened = await changing(openBreaker(told, ms, opens));
    if (!opened) void spreading.call(undefined);
    return opened;
  }

  return {
    note(settlement) {
      if (changes(settlement)) return tellNews(settlement);
      tellOfAnswer(settlement);
      return undefined;
    },
    spread,
    open,
    resume: (fingerprint) => changing(resumeWithCredentials(stores.home, fingerprint)),
    async probe() {
      troubled = true;
      const longest = options.longestGrantMs;
      const reply = await asked.run(leaseScript, [JSON.stringify({ op: 'probe', longest })]);
      const [answer, ms = 0] = reply as [answer: string, ms?: number];
      if (answer === 'other') await spread();
      return answer === 'granted' ? 0 : Math.max(1, ms || AGAIN_MS);
    },
    probing(nonce) {
      probe = nonce;
    },
    async abandonProbe() {
      await request(told, { op: 'note', notes: [{ effect: 'back' }] });
    },
  };
}

const noteEntry = ({ effect, health, rest, stop }: Settlement, credentials: string): object => ({
  effect,
  health: health && (health === 'up' ? 1 : -1),
  rest: rest && [rest.reason, rest.ms],
  stop: stop && [stop.reason, credentials],
});
