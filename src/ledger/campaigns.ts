import type { CampaignStatus, FinalState } from '../outcome.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import { storeTime } from '../redis/store-clock.ts';
import { campaignPace } from './campaign-pace.ts';
import { loadScript } from './script.ts';

/**
 * Campaigns of a channel: one content for many recipients. Times in milliseconds since the epoch by the store's clock. Every
 * call is safe to repeat when its answer was lost.
 */

export interface NewCampaign {
  /** `[A-Za-z0-9_-]{1,80}`. */
  id: string;
  /** JSON of what its messages have in common: no `v`, `id`, `to`, `lastPlayedAt` or `expiresAt`. */
  message: string;
  /** When its messages expire: seven days after its creation when absent. */
  expiresAt?: number | undefined;
  /** As in the message. */
  sendAt?: number | undefined;
  /** Looks for it, and creates none. */
  find?: boolean | undefined;
  /** Creates it as one that is paused. */
  paused?: boolean | undefined;
  /** Opens no list: only messages are to come that another store has listed, and deals out to this one. */
  copy?: boolean | undefined;
}

export interface CreatedCampaign {
  /**
   * `created`: it was not there. `exists`: it was, with this content, and its listing goes on. `conflict`: it was, with other content (or
   * the same in another order of fields). `cancelled`, `expired`: it was, with this content, but nothing more can be listed. `unknown`:
   * `find` was asked for, and it is not there.
   */
  status: 'created' | 'exists' | 'conflict' | 'cancelled' | 'expired' | 'unknown';
  /** When the messages of the stored campaign expire; 0 if there is none. */
  expiresAt: number;
  /** That which was there is paused. */
  paused?: true;
}

/** Recipients of a campaign, to be added to the channel's queue as one job. */
export interface Chunk {
  /** The campaign's id. */
  id: string;
  /** Made by `newCampaignJobId`. */
  jobId: string;
  /** Of the campaign's messages: 0 is first. */
  priority: number;
  /** Not to be picked up before; undefined if due at once. */
  dueAt: number | undefined;
  /** Names the list: the same recipients always have the same digest. Without a colon. */
  digest: string;
  /** How many recipients it has, at most `MAX_MESSAGES`. */
  count: number;
  /** The job's data: `{ "v": 2, "campaign": id, "by": field, "to": [ … ] }`, at most `MAX_MESSAGES_BYTES`. */
  data: string;
}

/** `duplicate`: this chunk was listed before. `unknown`: there is no such campaign. */
export type Listing = 'listed' | 'duplicate' | 'cancelled' | 'unknown';

export interface CampaignState {
  id: string;
  /**
   * `listing`: recipients may still be added (until its messages expire), and it is neither paused nor cancelled. `done`: nothing is
   * left to be sent.
   */
  state: CampaignStatus;
  /** Whether recipients may still be added, whatever its state. */
  open: boolean;
  /** What its messages have in common. */
  message: Record<string, unknown>;
  created: number;
  /** When its messages expire. */
  expiresAt: number;
  /** 0 for at once. */
  sendAt: number;
  /** All recipients: those that wait, are under way, have ended, or were named twice. */
  listed: number;
  waiting: number;
  /** Tried, or waiting for their slot, and not ended. */
  underWay: number;
  /** Named before, in another chunk: nothing was sent for these. */
  duplicate: number;
  /** Of first runs, as their receipts say. */
  ends: CampaignEnd[];
  /** Final states of replays. */
  replayed: number;
  /** Ends in the last minute. */
  perMinute: number;
}

export type CampaignEnd = FinalState & { count: number };

/** How long a campaign's messages live where nothing else is said. */
const DEFAULT_LIFE_MS = 7 * 86_400_000;

const createScript = loadScript('create-campaign.lua');
const listScript = loadScript('list-recipients.lua');
const controlScript = loadScript('control-campaign.lua');

export async function createCampaign(
  store: ChannelStore,
  { id, message, expiresAt = 0, sendAt = 0, find = false, paused = false, copy = false }: NewCampaign,
): Promise<CreatedCampaign> {
  const wanted = { id, expires: expiresAt, life: DEFAULT_LIFE_MS, sendAt, find, paused, copy };
  const reply = await store.run(createScript, [JSON.stringify(wanted), message]);
  const [status, expires, state] = reply as [CreatedCampaign['status'], string, string?];
  return { status, expiresAt: Number(expires), ...(state === 'paused' && { paused: true }) };
}

/** Makes a campaign known to the stores that its messages are dealt out to, so that they hold and count these as their own. */
export async function copyCampaign(
  id: string,
  { redis, keys }: ChannelStore,
  to: readonly ChannelStore[],
): Promise<void> {
  const fields = await redis.hmget(keys.campaign(id), 'message', 'expires', 'sendAt', 'state');
  const [message, expiresAt, sendAt, state] = fields;
  if (!message || state === 'cancelled') return;
  const wanted = { id, message, expiresAt: Number(expiresAt), sendAt: Number(sendAt) };
  const copy = { ...wanted, paused: state === 'paused', copy: true };
  await Promise.all(to.map((store) => createCampaign(store, copy)));
}

/** Undefined if it is not kept. */
export async function campaignStateIn(
  { redis, keys }: ChannelStore,
  id: string,
): Promise<'running' | 'paused' | 'cancelled' | undefined> {
  const state = await redis.hget(keys.campaign(id), 'state');
  return state === 'running' || state === 'paused' || state === 'cancelled' ? state : undefined;
}

/** Adds the job, notes the chunk, and counts its recipients, in one script call. */
export async function listChunk(store: ChannelStore, chunk: Chunk): Promise<Listing> {
  const { id, jobId, priority, dueAt = 0, digest, count, data } = chunk;
  // As for a job of many messages: a message of the same priority that was enqueued alone precedes it.
  const queuePriority = 2 * priority + 1;
  const request = { campaign: id, job: jobId, digest, count, priority: queuePriority, due: Math.ceil(dueAt) };
  return (await store.run(listScript, [JSON.stringify(request), data])) as Listing;
}

/** Says that all recipients have been listed. */
export const finishListing = async (store: ChannelStore, id: string): Promise<void> => {
  await store.run(controlScript, [id, 'listed']);
};

export interface CampaignChange {
  /** The state after the call: a campaign that was cancelled stays so. `unknown`: there is no such campaign. */
  state: 'running' | 'paused' | 'cancelled' | 'unknown';
  /** Whether the call has changed it. */
  changed: boolean;
}

/**
 * Sets the state, which holds from the next admission on; `controlCampaign` in src/jobs brings the jobs forward as well.
 */
export const setCampaignState = async (
  store: Pick<ChannelStore, 'run'>,
  id: string,
  operation: 'pause' | 'resume' | 'cancel',
): Promise<CampaignChange> => {
  const reply = await store.run(controlScript, [id, operation]);
  const [state, changed] = reply as [CampaignChange['state'], number];
  return { state, changed: changed === 1 };
};

export async function readCampaign(store: ChannelStore, id: string): Promise<CampaignState | undefined> {
  const { redis, keys } = store;
  const fields = await redis.hgetall(keys.campaign(id));
  return toState(id, fields, await storeTime(redis));
}

/** All campaigns of the channel that are kept: until a week after their messages have expired. The latest first. */
export async function listCampaigns(store: ChannelStore): Promise<CampaignState[]> {
  const { redis, keys } = store;
  const ids = await redis.zrevrange(keys.campaigns, 0, -1);
  const states: CampaignState[] = [];
  const gone: string[] = [];
  for (const id of ids) {
    const state = await readCampaign(store, id);
    if (state) states.push(state);
    else gone.push(id);
  }
  if (gone.length > 0) await redis.zrem(keys.campaigns, ...gone);
  return states;
}

const END = 'end:';

function toState(id: string, fields: Record<string, string>, now: number): CampaignState | undefined {
  const { message, state } = fields;
  if (message === undefined || state === undefined) return undefined;
  const number = (name: string): number => Number(fields[name] ?? 0);
  const ends = Object.entries(fields)
    .filter(([name]) => name.startsWith(END))
    .map(([name, count]) => {
      const [final, reason] = name.slice(END.length).split(':');
      return { state: final, reason, count: Number(count) } as CampaignEnd;
    });
  const counts = {
    listed: number('listed'),
    underWay: number('underWay'),
    duplicate: number('duplicate'),
    ended: ends.reduce((sum, { count }) => sum + count, 0),
  };
  const waiting = Math.max(0, counts.listed - counts.underWay - counts.duplicate - counts.ended);
  const open = fields['listing'] !== undefined && now < number('expires');
  return {
    id,
    state: stateOf(state, open, waiting + counts.underWay),
    open,
    message: JSON.parse(message) as Record<string, unknown>,
    created: number('created'),
    expiresAt: number('expires'),
    sendAt: number('sendAt'),
    listed: counts.listed,
    waiting,
    underWay: counts.underWay,
    duplicate: counts.duplicate,
    ends,
    replayed: number('replayed'),
    perMinute: campaignPace(fields, now),
  };
}

function stateOf(state: string, open: boolean, left: number): CampaignStatus {
  if (state === 'cancelled') return state;
  if (!open && left === 0) return 'done';
  if (state === 'paused') return state;
  return open ? 'listing' : 'running';
}
