import { cancelMessage, rescheduleMessage, type TooLate } from '../jobs/control.ts';
import type { Problem } from '../message/problems.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import { type Instant, parseInstant } from '../time.ts';
import { InvalidMessageError } from './errors.ts';
import { platformOf, unknownChannel } from './known-channels.ts';
import type { SendDeps } from './send.ts';

/** Control of a message by its id, after it was enqueued. */

export interface CancelResult {
  /**
   * `cancelled`: it ends `suppressed`, `cancelled`, and is not sent; also if it was cancelled before. `too_late`: a send of it is
   * in flight or in doubt, or it reached another final state. `unknown`: never enqueued, enqueued without a record (by another
   * producer than Herald's, and not yet tried), or its record has expired.
   */
  status: 'cancelled' | TooLate;
  id: string;
}

export interface RescheduleResult {
  /** As of `CancelResult`. */
  status: 'rescheduled' | TooLate;
  id: string;
}

export interface RescheduleOptions {
  /** Not to be sent before: a Date or ISO text. One that is past stands for at once. */
  sendAt: Instant;
}

/** The part of a channel's store that these calls need. */
type Scripts = Pick<ChannelStore, 'run'>;

export async function cancelIn(scripts: Scripts, id: string): Promise<CancelResult> {
  return { status: await cancelMessage(scripts, id), id };
}

/** @throws InvalidMessageError for an instant that this message cannot have */
export async function rescheduleIn(scripts: Scripts, id: string, at: number): Promise<RescheduleResult> {
  const rescheduling = await rescheduleMessage(scripts, id, at);
  switch (rescheduling.status) {
    case 'expires':
      throw bad('sendAt', `must be earlier than the message expires, ${text(rescheduling.at)}`);
    case 'fixed':
      throw bad('sendAt', `must not be earlier than ${text(rescheduling.at)}: ${NOT_FOUND}`);
    default:
      return { status: rescheduling.status, id };
  }
}

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

/** @throws InvalidMessageError, UnknownChannelError, ProducerTimeoutError, ProducerRefusedError */
export async function cancel(id: unknown, channel: string, deps: ControlDeps): Promise<CancelResult> {
  const checked = checkId(id);
  return await onChannel('cancel', channel, deps, (scripts) => cancelIn(scripts, checked));
}

/** Throws as `cancel` does. */
export async function reschedule(
  id: unknown,
  { channel, sendAt }: { channel: string } & RescheduleOptions,
  deps: ControlDeps,
): Promise<RescheduleResult> {
  const [checked, at] = [checkId(id), checkSendAt(sendAt)];
  return await onChannel('reschedule', channel, deps, (scripts) => rescheduleIn(scripts, checked, at));
}

/** Every script call is an attempt by itself, so that none follows a timeout. */
function onChannel<T>(
  operation: string,
  channel: string,
  { connection, channelRegistry, listed }: ControlDeps,
  act: (scripts: Scripts) => Promise<T>,
): Promise<T> {
  return connection.call(operation, async (attempt) => {
    const known = {
      announced: await attempt(connection.stores.directory, () => channelRegistry.current()),
      listed,
    };
    const platform = platformOf(channel, known) ?? channel;
    const unknown = unknownChannel({ channel, platform, named: true }, known);
    if (unknown) throw unknown;
    const store = connection.stores.of(channel);
    return await act({ run: (script, args) => attempt(store.redis, () => store.run(script, args)) });
  });
}
