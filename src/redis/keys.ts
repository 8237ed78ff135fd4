/**
 * Every key of Herald's in Redis, and the wire contract of the queues: where jobs and receipts live and how they are
 * named. Producers in other languages rely on it. Scripts have the same list in `keys.lua`; how BullMQ lays out a queue
 * is known to src/jobs alone.
 */

export const PREFIX = 'herald';

/** Hash of the channels that workers have announced: name → facts. */
export const CHANNELS_KEY = `${PREFIX}:channels`;

/** Written to learn whether Redis takes writes; it expires. */
export const PROBE_KEY = `${PREFIX}:probe`;

/** Which channel an account belongs to; the hash names the account, which lies in a hash slot of its own. */
export const accountKey = (hash: string): string => `${PREFIX}:{account:${hash}}`;

/** The braces are the cluster's hash tag: all keys of a channel live on one node. */
export const queueName = (channel: string): string => `{${channel}}`;

/** `herald:{<channel>}`: what every key of a channel begins with. */
export const channelKey = (channel: string): string => `${PREFIX}:${queueName(channel)}`;

/** The keys of one channel, without those of its BullMQ queue. */
export interface ChannelKeys {
  /** What the ledger's keys begin with. */
  readonly ledger: string;
  /** The capped stream of final states. */
  readonly receipts: string;
  /** Sorted set of the worker processes that serve the channel. */
  readonly workers: string;
  /** Present while one worker has the turn to sweep. */
  readonly sweeping: string;
  /** The sample that workers of one version share. */
  sample(version: string): string;
  /** Present while one of them takes it. */
  sampleTurn(version: string): string;
  /** Packed tables of message records, slots, plays and claims; their buckets lie behind each, as `:m:0`. */
  readonly tables: Readonly<Record<'records' | 'slots' | 'plays' | 'claims', string>>;
  /** Hash of what holds for the whole channel: stops, rests, the breaker, the rate. */
  readonly state: string;
  /** Hash: how many jobs wait, by kind and the second they are due. */
  readonly waits: string;
  /** The policy in force. */
  readonly policy: string;
  /** The store's history that admissions rely on. */
  readonly epoch: string;
  /** Scratch key on which a worker tries what it may do. */
  readonly permissions: string;
  /** Hash of dead letters: name → what is known of it. */
  readonly deadLetters: string;
  /** Hash: name of a letter → its job's data. */
  readonly deadLetterData: string;
  /** Hash: message id → the name of its latest letter. */
  readonly deadLetterIds: string;
  /** Sorted set of the letters of a reason by the instant of death. */
  deadLettersOf(reason: string): string;
}

export function channelKeys(channel: string): ChannelKeys {
  const base = channelKey(channel);
  const ledger = `${base}:ledger`;
  const deadLetters = `${ledger}:letters`;
  const sample = (version: string): string => `${base}:sample:${version}`;
  return {
    ledger,
    receipts: `${base}:receipts`,
    workers: `${base}:workers`,
    sweeping: `${base}:sweeping`,
    sample,
    sampleTurn: (version) => `${sample(version)}:turn`,
    tables: {
      records: `${ledger}:m`,
      slots: `${ledger}:s`,
      plays: `${ledger}:p`,
      claims: `${ledger}:c`,
    },
    state: `${ledger}:channel`,
    waits: `${ledger}:waits`,
    policy: `${ledger}:policy`,
    epoch: `${ledger}:epoch`,
    permissions: `${ledger}:permissions`,
    deadLetters,
    deadLetterData: `${deadLetters}:data`,
    deadLetterIds: `${deadLetters}:ids`,
    deadLettersOf: (reason) => `${deadLetters}:${reason}`,
  };
}
