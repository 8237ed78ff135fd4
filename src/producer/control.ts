import {
  cancelMessage,
  isHeldAtHome,
  mayBeListedAtHome,
  rescheduleMessage,
  type TooLate,
} from '../jobs/control.ts';
import { campaignOfMessage } from '../ledger/names.ts';
import type { Problem } from '../message/problems.ts';
import { checkChannelOption } from '../options.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import { storeNames } from '../redis/shards.ts';
import { type Instant, parseInstant } from '../time.ts';
import { InvalidMessageError } from './errors.ts';
import { platformOf, unknownChannel } from './known-channels.ts';
import type { SendDeps } from './send.ts';

/** Cancels and reschedules messages by their ids, after they were enqueued. */

export interface CancelResult {
  /**
   * `cancelled`: the message is not sent, and ends as `suppressed`, `cancelled`; also if it was cancelled before. `too_late`: a send of it
   * is in flight or in doubt, or it has reached another final state. `unknown`: it has no record. It was never enqueued, or its record has
   * expired, or it was enqueued by a producer other than Herald's and has not been tried yet.
   */
  status: 'cancelled' | TooLate;
  id: string;
}

export interface RescheduleResult {
  /** `rescheduled`: it is not sent before the new instant. For the others see `CancelResult`. */
  status: 'rescheduled' | TooLate;
  id: string;
}

export interface RescheduleOptions {
  /** When the message may be sent, a Date or ISO text. An instant in the past means at once. */
  sendAt: Instant;
}

/** The part of a channel's store that these calls need. */
type Scripts = Pick<ChannelStore, 'run'>;

/** Where a message may be of which only the id is known. */
interface Places {
  /** The channel's only store, or its shards. */
  stores: readonly Scripts[];
  /** Of a channel over shards: has what was enqueued by who knew of no shards, until it is dealt out. */
  home: Scripts | undefined;
}

/**
 * Asks the home where the shards know nothing, and then the shards again: what is dealt out meanwhile is known there before it is
 * over at the home.
 */
async function inTurn<R extends CancelResult | RescheduleResult>(
  { stores, home }: Places,
  id: string,
  act: (stores: readonly Scripts[]) => Promise<R>,
): Promise<R> {
  const first = await act(stores);
  if (first.status !== 'unknown' || !home) return first;
  const atHome = (await isHeldAtHome(home, id)) ? await act([home]) : first;
  // It was brought forward, and may be sent by now.
  if (atHome.status === 'rescheduled') return atHome;
  const last = await act(stores);
  return last.status === 'unknown' ? atHome : last;
}

export async function cancelWhere(places: Places, id: string): Promise<CancelResult> {
  // Of a campaign that the home has listed, the home comes first: what it deals out meanwhile is then cancelled in its shard.
  const listed = places.home && (await mayBeListedAtHome(places.home, id));
  const atHome = listed ? await cancelIn([places.home!], id) : undefined;
  const found = await inTurn(places, id, (stores) => cancelIn(stores, id));
  return found.status === 'unknown' && atHome ? atHome : found;
}

/** @throws InvalidMessageError for an instant that this message cannot have */
export const rescheduleWhere = (places: Places, id: string, at: number): Promise<RescheduleResult> =>
  inTurn(places, id, (stores) => rescheduleIn(stores, id, at));

/** @param stores those of the channel that may have the message: an id alone does not tell the shard */
export async function cancelIn(stores: readonly Scripts[], id: string): Promise<CancelResult> {
  const found = await Promise.all(stores.map((store) => cancelMessage(store, id)));
  // For a campaign's message, every shard answers `cancelled`, also of a recipient that it has not got. If the shard that has the
  // recipient answers otherwise, that counts.
  const order = campaignOfMessage(id) === undefined ? CANCELLED_FIRST : TOO_LATE_FIRST;
  return { status: order.find((status) => found.includes(status)) ?? 'unknown', id };
}

const CANCELLED_FIRST = ['cancelled', 'too_late'] as const;
const TOO_LATE_FIRST = ['too_late', 'cancelled'] as const;

async function rescheduleIn(stores: readonly Scripts[], id: string, at: number): Promise<RescheduleResult> {
  const found = await Promise.all(stores.map((store) => rescheduleMessage(store, id, at)));
  const known = RESCHEDULED_FIRST.map((status) => found.find((each) => each.status === status));
  const rescheduling = known.find((each) => each !== undefined) ?? { status: 'unknown' };
  switch (rescheduling.status) {
    case 'expires':
      throw bad('sendAt', `must be earlier than the message expires, ${text(rescheduling.at)}`);
    case 'fixed':
      throw bad('sendAt', `must not be earlier than ${text(rescheduling.at)}: ${NOT_FOUND}`);
    default:
      return { status: rescheduling.status, id };
  }
}

const RESCHEDULED_FIRST = ['rescheduled', 'expires', 'fixed', 'too_late'] as const;

const NOT_FOUND = 'its job was added by another producer and cannot be brought forward';
const text = (at: number): string => new Date(at).toISOString();

/** @throws InvalidMessageError */
export function checkId(id: unknown): string {
  if (typeof id === 'string' && id !== '') return id;
  throw bad('id', 'expected the id of a message');
}

/** @throws InvalidMessageError */
export function checkSendAt(sendAt: unknown): number {
  const instant = parseInstant(sendAt);
  if (instant) return instant.getTime();
  throw bad('sendAt', 'expected a Date, or an ISO instant such as 2026-01-31T12:00:00Z');
}

const bad = (path: string, message: string): InvalidMessageError =>
  new InvalidMessageError([{ path, message } satisfies Problem]);

export type ControlDeps = Pick<SendDeps, 'connection' | 'channelRegistry' | 'listed'>;

/** @throws InvalidMessageError, UnknownChannelError, ProducerTimeoutError, ProducerRefusedError; TypeError for a wrong option */
export async function cancel(
  id: unknown,
  options: { channel: string },
  deps: ControlDeps,
): Promise<CancelResult> {
  const checked = checkId(id);
  const channel = checkChannelOption('cancel', options);
  return await onChannel('cancel', channel, deps, (places) => cancelWhere(places, checked));
}

/** Throws as `cancel` does. */
export async function reschedule(
  id: unknown,
  options: { channel: string } & RescheduleOptions,
  deps: ControlDeps,
): Promise<RescheduleResult> {
  const channel = checkChannelOption('reschedule', options);
  const [checked, at] = [checkId(id), checkSendAt(options.sendAt)];
  return await onChannel('reschedule', channel, deps, (places) => rescheduleWhere(places, checked, at));
}

/** Every script call is an attempt by itself, so that none follows a timeout. */
function onChannel<T>(
  operation: string,
  channel: string,
  { connection, channelRegistry, listed }: ControlDeps,
  act: (places: Places) => Promise<T>,
): Promise<T> {
  return connection.call(operation, async (attempt) => {
    const known = {
      announced: await attempt(connection.stores.directory, () => channelRegistry.current()),
      listed,
    };
    const platform = platformOf(channel, known) ?? channel;
    const unknown = unknownChannel({ channel, platform, named: true }, known);
    if (unknown) throw unknown;
    const shards = known.announced.get(channel)?.shards;
    const open = (name: string): Scripts => {
      const store = connection.stores.of(name);
      return { run: (script, args) => attempt(store.redis, () => store.run(script, args)) };
    };
    const stores = storeNames(channel, shards).map(open);
    return await act({ stores, home: shards === undefined ? undefined : open(channel) });
  });
}
