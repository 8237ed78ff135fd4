import { type Access, mayUse } from '../tokens/scopes.ts';
import { type JsonLine, type LineResult, refused } from './line-stream.ts';
import { problem, problemBody } from './problem.ts';

/** Whether a token is for the channel that a request, or a line of one, names. */

/** The channel that an input names, as far as can be told before it is checked: each kind of input has its own. */
type ChannelOf = (input: unknown) => string | undefined;

/** A message without a channel goes to the one that is named like its platform. */
export const channelOfMessage: ChannelOf = (input) => {
  const { channel, platform } = Object(input) as { channel?: unknown; platform?: unknown };
  return nameIn(channel ?? platform);
};

export const channelOfPlay: ChannelOf = (input) => nameIn((Object(input) as { channel?: unknown }).channel);

const nameIn = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/**
 * Accepts what names no channel: its schema refuses it later.
 * @throws ApiProblem 403
 */
export function checkChannel(access: Access, channel: string | undefined): void {
  if (!isAllowed(access, channel))
    throw problem('forbidden', `this token is not for channel ${JSON.stringify(channel)}`);
}

const isAllowed = (access: Access, channel: string | undefined): boolean =>
  channel === undefined || mayUse(access, channel);

/** Separates the lines that the token may hand in from the others, which are refused. @param noun what a line is: `message` */
export function splitByAccess(
  lines: readonly JsonLine[],
  access: Access,
  { channelOf, noun }: { channelOf: ChannelOf; noun: string },
): { allowed: JsonLine[]; forbidden: LineResult[] } {
  const allowed = lines.filter(({ value }) => isAllowed(access, channelOf(value)));
  const others = lines.filter(({ value }) => !isAllowed(access, channelOf(value)));
  const body = problemBody('forbidden', `this token is not for the channel of this ${noun}`);
  return { allowed, forbidden: others.map(({ line }) => refused(line, body)) };
}
