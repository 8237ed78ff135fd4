import { hostname, userInfo } from 'node:os';
import type { Redis } from 'ioredis';
import { tryParseJson } from '../json.ts';
import { isEntryId } from '../redis/entry-id.ts';
import { toMap } from '../redis/flat-pairs.ts';
import { AUDIT_KEY } from '../redis/keys.ts';

/** Who acts on an installation: a person at the board, the holder of an API token, a command's user, or a program. */
export interface Actor {
  readonly via: (typeof ACTOR_WAYS)[number];
  /** A person's or token's name, or `user@host`; at most 100 characters are kept. */
  readonly name: string;
}

export const ACTOR_WAYS = ['board', 'api', 'command', 'program'] as const;

/** What operators may do. */
export const ACTIONS = [
  'channel.pause',
  'channel.resume',
  'channel.forget',
  'message.cancel',
  'message.reschedule',
  'recipient.cancel',
  'campaign.pause',
  'campaign.resume',
  'campaign.cancel',
  'dead.replay',
  'dead.purge',
  'replay.pause',
  'replay.resume',
  'replay.cancel',
  'token.create',
  'token.rotate',
  'token.finish',
  'token.revoke',
  'board.link',
  'board.sign_in',
] as const;
export type Action = (typeof ACTIONS)[number];

/** One act of an operator, as it is recorded. */
export interface Act {
  readonly actor: Actor;
  readonly action: Action;
  /** The channels it concerned; empty if none. */
  readonly channels: readonly string[];
  /** The id of the message, campaign or replay, or the recipient as JSON; null for a whole channel or a selection. */
  readonly target: string | null;
  /** The selection of dead letters that it was applied to; null if there was none. */
  readonly filter: Readonly<Record<string, unknown>> | null;
  /** How many messages it changed, or is about to change; null if nothing is counted. */
  readonly count: number | null;
  /** `began`: a long operation, whose end is recorded too. */
  readonly outcome: 'done' | 'began' | 'interrupted';
}

/** @param at milliseconds since the epoch by the store's clock */
export type RecordedAct = Act & { readonly id: string; readonly at: number };

/** A newer entry pushes out the oldest; about this many are kept. */
const KEPT = 10_000;
const LONGEST_NAME = 100;
/** A filter by a thousand ids is not repeated in full. */
const LONGEST_FILTER = 4_000;

/** The user and host of this process: the actor when no other is given. */
export function processActor(via: 'command' | 'program'): Actor {
  return { via, name: `${userName()}@${hostname()}` };
}

/** The name, or the numeric id, since a container may run as a user without a name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}

/** Appends an act to the audit stream. Fields are text; those that are null are left out. */
async function recordAct(redis: Redis, act: Act): Promise<void> {
  const filter = act.filter && JSON.stringify(act.filter);
  const fields: Record<string, string | null> = {
    v: '1',
    via: act.actor.via,
    by: act.actor.name.slice(0, LONGEST_NAME),
    action: act.action,
    channels: JSON.stringify(act.channels),
    target: act.target,
    filter: filter && filter.length > LONGEST_FILTER ? JSON.stringify({ bytes: filter.length }) : filter,
    count: act.count === null ? null : String(act.count),
    outcome: act.outcome,
  };
  const flat = Object.entries(fields).flatMap(([name, value]) => (value === null ? [] : [name, value]));
  await redis.xadd(AUDIT_KEY, 'MAXLEN', '~', KEPT, '*', ...flat);
}

const NOTHING = { channels: [], target: null, filter: null, count: null, outcome: 'done' } as const;

/** Records what an operation has changed. Fields that are left out are null, and the outcome `done`. */
export type RecordAct = (
  at: { readonly directory: Redis },
  act: Pick<Act, 'action'> & Partial<Omit<Act, 'actor'>>,
) => Promise<void>;

export const recorderOf =
  (actor: Actor): RecordAct =>
  ({ directory }, act) =>
    recordAct(directory, { ...NOTHING, ...act, actor });

export interface ActPage {
  /** Newest first. */
  acts: RecordedAct[];
  /** The `before` of the next page, with older acts; null if there are none. */
  older: string | null;
}

/** @param before the id of an act: only older ones are read; any other text counts as absent */
export async function readActs(
  redis: Redis,
  { before, limit }: { before?: string | undefined; limit: number },
): Promise<ActPage> {
  const from = before !== undefined && isEntryId(before) ? `(${before}` : '+';
  const entries = await redis.xrevrange(AUDIT_KEY, from, '-', 'COUNT', limit + 1);
  const page = entries.slice(0, limit);
  return {
    acts: page.flatMap(([id, fields]) => parseAct(id, fields)),
    older: entries.length > limit ? (page.at(-1)?.[0] ?? null) : null,
  };
}

/** Leaves out an entry whose actor or action this version does not know. */
function parseAct(id: string, flat: readonly string[]): RecordedAct[] {
  const fields = toMap(flat);
  const via = ACTOR_WAYS.find((way) => way === fields.get('via'));
  const action = ACTIONS.find((known) => known === fields.get('action'));
  if (!via || !action) return [];
  const channels = tryParseJson(fields.get('channels'));
  const filter = tryParseJson(fields.get('filter'));
  const count = fields.get('count');
  const outcome = fields.get('outcome');
  return [
    {
      id,
      at: Number(id.split('-')[0]),
      actor: { via, name: fields.get('by') ?? '' },
      action,
      channels: Array.isArray(channels) ? channels.map(String) : [],
      target: fields.get('target') ?? null,
      filter: typeof filter === 'object' && filter !== null ? { ...filter } : null,
      count: count === undefined ? null : Number(count),
      outcome: outcome === 'began' || outcome === 'interrupted' ? outcome : 'done',
    },
  ];
}
