import type { OperatedChannel } from '../channels/installation.ts';
import {
  type CancelResult,
  cancelWhere,
  checkId,
  checkSendAt,
  type RescheduleResult,
  rescheduleWhere,
} from '../producer/control.ts';
import { InvalidMessageError } from '../producer/errors.ts';
import type { Instant } from '../time.ts';

export type ChannelResult<R extends { status: string }> = R & { channel: string };

export const cancelMessages = (
  channels: readonly OperatedChannel[],
  id: string,
): Promise<ChannelResult<CancelResult>[]> =>
  whereKnown(channels, (channel) => cancelWhere(placesOf(channel), checkId(id)));

/** @throws InvalidMessageError where no channel's message can have the instant; where only some can, it is `too_late` for the others */
export async function rescheduleMessages(
  channels: readonly OperatedChannel[],
  id: string,
  sendAt: Instant,
): Promise<ChannelResult<RescheduleResult>[]> {
  const at = checkSendAt(sendAt);
  return await unlessNoneCan((orTooLate) =>
    whereKnown(channels, (channel) =>
      rescheduleWhere(placesOf(channel), checkId(id), at).catch(orTooLate({ id, status: 'too_late' })),
    ),
  );
}

type OrTooLate = <R>(result: R) => (error: unknown) => R;

/**
 * Reschedules in several channels, whose messages may expire at different instants. The refusal of one must not hide that others were
 * changed, so it becomes a result, and is thrown only where nothing was changed.
 * @param act gives a channel's failure to what it is passed
 */
export async function unlessNoneCan<R extends { status: string }>(
  act: (orTooLate: OrTooLate) => Promise<R[]>,
): Promise<R[]> {
  const refusals: InvalidMessageError[] = [];
  const results = await act((result) => (error) => {
    if (!(error instanceof InvalidMessageError)) throw error;
    refusals.push(error);
    return result;
  });
  const [refusal] = refusals;
  if (refusal && !results.some(({ status }) => status === 'rescheduled')) throw refusal;
  return results;
}

const placesOf = ({ ofRecipients, home, stores }: OperatedChannel) => ({
  stores: ofRecipients.map(({ store }) => store),
  home: stores.length > 1 ? home : undefined,
});

async function whereKnown<R extends { status: string }>(
  channels: readonly OperatedChannel[],
  act: (channel: OperatedChannel) => Promise<R>,
): Promise<ChannelResult<R>[]> {
  const results = await Promise.all(
    channels.map(async (channel) => ({ ...(await act(channel)), channel: channel.name })),
  );
  return results.filter(({ status }) => status !== 'unknown');
}
