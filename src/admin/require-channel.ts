import { findChannel, type Installation, type OperatedChannel } from '../channels/installation.ts';
import { UnknownChannelError } from '../producer/errors.ts';

/** @throws UnknownChannelError for a channel that is neither configured nor announced; TypeError for what is no name */
export function requireChannel(installation: Installation, name: string): OperatedChannel {
  if (typeof name !== 'string') throw new TypeError('channel: expected the name of a channel');
  const channel = findChannel(installation, name);
  if (channel) return channel;
  throw new UnknownChannelError(name, {
    candidates: installation.channels.map((each) => each.name),
    advise: (names) => `Known: ${names.join(', ') || 'none'}.`,
  });
}

/** The named channel, or all of them. @throws as `requireChannel` */
export const channelsOf = (
  installation: Installation,
  name: string | undefined,
): readonly OperatedChannel[] =>
  name === undefined ? installation.channels : [requireChannel(installation, name)];
