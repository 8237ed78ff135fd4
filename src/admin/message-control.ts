import type { OperatedChannel } from '../channels/installation.ts';
import {
  type CancelResult,
  cancelWhere,
  checkId,
  checkSendAt,
  type RescheduleResult,
  rescheduleWhere,
} from '../producer/control.ts';
import type { Instant } from '../time.ts';

export type ChannelResult<R extends { status: string }> = R & { channel: string };

export const cancelMessages = (
  channels: readonly OperatedChannel[],
  id: string,
): Promise<ChannelResult<CancelResult>[]> =>
  whereKnown(channels, (channel) => cancelWhere(placesOf(channel), checkId(id)));

export function rescheduleMessages(
  channels: readonly OperatedChannel[],
  id: string,
  sendAt: Instant,
): Promise<ChannelResult<RescheduleResult>[]> {
  const at = checkSendAt(sendAt);
  return whereKnown(channels, (channel) => rescheduleWhere(placesOf(channel), checkId(id), at));
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
