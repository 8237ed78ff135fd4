import type { ChannelRegistry } from '../channels/registry.ts';
import { ProducerRefusedError, ProducerTimeoutError } from './errors.ts';
import type { PreparedMessage } from './prepare.ts';

/**
 * What became of a message that was handed to a producer. `timeout`: Redis did not answer within the call's timeout; the message
 * may have been stored nevertheless. `refused`: Redis refused it.
 */
export type AcceptedStatus = 'queued' | 'duplicate' | 'invalid' | 'timeout' | 'refused';

export interface AcceptedCountDeps {
  channelRegistry: Pick<ChannelRegistry, 'last'>;
  /** The label of a message whose channel may be unknown. */
  countedFor: (input: unknown) => string;
  /** `count` is 1 when absent. */
  onAccepted: (channel: string, status: AcceptedStatus, count?: number) => void;
}

/** The messages that were counted. A message whose call timed out may still be stored or refused, and must not be counted again. */
const counted = new WeakSet<PreparedMessage>();

export function countTaken(
  message: PreparedMessage,
  status: 'queued' | 'duplicate',
  { onAccepted }: Pick<AcceptedCountDeps, 'onAccepted'>,
): void {
  if (counted.has(message)) return;
  counted.add(message);
  onAccepted(message.channel, status);
}

/** Counts a message that fits no channel; `announced` are those that it was compared with. */
export function countMisfit(
  message: PreparedMessage,
  announced: { has(channel: string): boolean },
  { onAccepted, countedFor }: Pick<AcceptedCountDeps, 'onAccepted' | 'countedFor'>,
): void {
  if (counted.has(message)) return;
  counted.add(message);
  onAccepted(announced.has(message.channel) ? message.channel : countedFor(message), 'invalid');
}

/** Counts those that no result was counted of, if the error is one of Redis. */
export function countLost(
  messages: readonly PreparedMessage[],
  error: unknown,
  deps: AcceptedCountDeps,
): void {
  const status = lostStatus(error);
  if (!status) return;
  for (const message of messages) {
    if (counted.has(message)) continue;
    counted.add(message);
    deps.onAccepted(labelOf(message, deps), status);
  }
}

/** Undefined for an error that is not one of Redis. */
export function lostStatus(error: unknown): 'timeout' | 'refused' | undefined {
  if (error instanceof ProducerTimeoutError) return 'timeout';
  return error instanceof ProducerRefusedError ? 'refused' : undefined;
}

/** A channel that was announced when Redis was last asked, and else as an invalid message is counted: labels are a closed set. */
const labelOf = (message: PreparedMessage, { channelRegistry, countedFor }: AcceptedCountDeps): string =>
  channelRegistry.last()?.has(message.channel) ? message.channel : countedFor(message);
