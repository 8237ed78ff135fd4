/**
 * All Redis keys of Herald, and the names of the queues, which are part of the wire contract: producers in other languages
 * rely on them. `keys.lua` has the same list for scripts. Only src/jobs knows the layout of a BullMQ queue.
 */

export const PREFIX = 'herald';

/** Hash: the channel registry, name → facts. */
export const CHANNELS_KEY = `${PREFIX}:channels`;

/** `herald:{herald:channels}:<what>`: a key of the directory, which holds what belongs to no single channel, in the registry's hash slot. */
const directoryKey = (what: string): string => `${PREFIX}:{${CHANNELS_KEY}}:${what}`;

/** Written to test whether Redis accepts writes; it expires. */
export const PROBE_KEY = directoryKey('probe');
export const PROBE_LIFE_MS = 60_000;

/** The prefix of the scratch keys on which a worker tests its permissions in the directory. */
export const DIRECTORY_SCRATCH = directoryKey('scratch');

/** Text: a random name. If it is gone, the directory was emptied. */
export const DIRECTORY_MARK_KEY = directoryKey('mark');

/** Hash: which process posts receipts to a webhook's endpoint, and how far it is. */
export const webhookKey = (endpoint: string): string => directoryKey(`webhook:${endpoint}`);
/** Set: the names of all endpoints that were ever posted to. */
export const WEBHOOKS_KEY = directoryKey('webhooks');

/** Capped stream: what operators did, by whatever means. */
export const AUDIT_KEY = directoryKey('audit');

/** JSON: who may sign in to the board by a one-time link, or is signed in; keyed by the hash of the link's or the session's secret. */
export const boardLinkKey = (hash: string): string => directoryKey(`board:link:${hash}`);
export const boardSessionKey = (hash: string): string => directoryKey(`board:session:${hash}`);

/** List: figures of a channel over the last hour, newest first. */
export const historyKey = (channel: string): string => directoryKey(`history:${channel}`);
/** Lock: set while a process's samples for the histories are recent. */
export const HISTORY_TURN_KEY = directoryKey('history:turn');

/** Sorted set of the ids of background replays that have not ended, by the instant they began. */
export const OPEN_REPLAYS_KEY = directoryKey('replays:open');
/** Sorted set of those that have, by the instant they ended. */
export const ENDED_REPLAYS_KEY = directoryKey('replays:ended');
/** Sorted set of both, by the instant they began: where the version before lists them. */
export const FORMER_REPLAYS_KEY = directoryKey('replays');
/** Hash: the scope of a background replay, its state and its counts. */
export const replayKey = (id: string): string => directoryKey(`replay:${id}`);
/** Lock: held by the process that runs a background replay. */
export const replayLeaseKey = (id: string): string => directoryKey(`replay:${id}:lease`);

/** The channel that an account belongs to, keyed by a hash of the account. */
export const accountKey = (hash: string): string => directoryKey(`account:${hash}`);

/** Hash: the tokens of the HTTP API, id → record. */
export const TOKENS_KEY = directoryKey('tokens');
/** Hash: token id → when it was last used, milliseconds since the epoch. */
export const TOKEN_USES_KEY = directoryKey('tokens:used');

/** Text: fingerprints of the messages accepted under an idempotency key of the HTTP API; it expires. */
export const idempotencyKey = (name: string): string => directoryKey(`idempotency:${name}`);

/** The braces are the hash tag of Redis Cluster: all keys of a channel are on one node. */
export const queueName = (channel: string): string => `{${channel}}`;

/** `herald:{<channel>}`: the prefix of all keys of a channel. */
export const channelKey = (channel: string): string => `${PREFIX}:${queueName(channel)}`;

/** The keys of one channel, except those of its BullMQ queue. */
export interface ChannelKeys {
  /** The prefix of the ledger's keys. */
  readonly ledger: string;
  /** Capped stream of final states. */
  readonly receipts: string;
  /** Sorted set of the heartbeats of the channel's workers. */
  readonly workers: string;
  /** Lock: set while a worker's sweep is recent. */
  readonly sweeping: string;
  /** The latest sample, shared by workers of one version. */
  sample(version: string): string;
  /** Lock: set while one of them takes a sample. */
  sampleTurn(version: string): string;
  /** Packed tables of message records, slots, plays and claims; prefixes of their buckets, such as `:m:0`. */
  readonly tables: Readonly<Record<'records' | 'slots' | 'plays' | 'claims', string>>;
  /** Hash: the channel's state: stop, rest, breaker, rate. */
  readonly state: string;
  /** Hash: how many messages wait, by kind. */
  readonly waits: string;
  /** Hash: the same by kind and the second they are due. */
  readonly waitsDue: string;
  /** Sorted set of these seconds, by the instant since which the oldest message waits. */
  waitsSince(kind: string): string;
  /** The quota policy in force. */
  readonly policy: string;
  /** The epoch of the store, which changes when writes may have been lost. */
  readonly epoch: string;
  /** As `PROBE_KEY`, where the channel has a connection of its own. */
  readonly probe: string;
  /** Scratch key on which a worker tests its permissions. */
  readonly permissions: string;
  /** Hash: name of a dead letter → its record. */
  readonly deadLetters: string;
  /** Hash: name of a dead letter → its job's data. */
  readonly deadLetterData: string;
  /** Hash: message id → the name of its latest dead letter. */
  readonly deadLetterIds: string;
  /** Sorted set of the dead letters of a reason, by time of death. */
  deadLettersOf(reason: string): string;
  /** Sorted set of the campaigns' ids, by time of creation. */
  readonly campaigns: string;
  /** Hash: what a campaign sends, its state and its counts. */
  campaign(id: string): string;
  /** Hash: the lists of recipients that a campaign has been given, and which of them were duplicates. */
  campaignChunks(id: string): string;
}

export function channelKeys(channel: string): ChannelKeys {
  const base = channelKey(channel);
  const ledger = `${base}:ledger`;
  const deadLetters = `${ledger}:letters`;
  const waits = `${ledger}:waiting`;
  const campaign = (id: string): string => `${ledger}:campaign:${id}`;
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
    waits,
    waitsDue: `${waits}:due`,
    waitsSince: (kind) => `${waits}:since:${kind}`,
    policy: `${ledger}:policy`,
    epoch: `${ledger}:epoch`,
    probe: `${base}:probe`,
    permissions: `${ledger}:permissions`,
    deadLetters,
    deadLetterData: `${deadLetters}:data`,
    deadLetterIds: `${deadLetters}:ids`,
    deadLettersOf: (reason) => `${deadLetters}:${reason}`,
    campaigns: `${ledger}:campaigns`,
    campaign,
    campaignChunks: (id) => `${campaign(id)}:chunks`,
  };
}
