import { type Installation, type OperatedStore, storesOf } from '../channels/installation.ts';
import { DEAD_REASONS, type DeadReason } from '../outcome.ts';
import { findDeadLetter, type ListedDeadLetter } from './records.ts';

/** Reads the index of dead letters: a sorted set for each store of a channel and reason, ordered by time of death. */

export interface IndexedDeadLetter extends ListedDeadLetter {
  channel: OperatedStore;
}

/** Selects dead letters; an absent field does not restrict. */
export interface DeadLetterFilter {
  channels?: readonly string[] | undefined;
  reasons?: readonly DeadReason[] | undefined;
  /** When they died: from … */
  since?: Date | undefined;
  /** … to, inclusive. */
  until?: Date | undefined;
}

/** The sorted set of one store and reason, with a score range in the syntax of ZRANGEBYSCORE. */
export interface ReasonRange {
  channel: OperatedStore;
  reason: DeadReason;
  key: string;
  min: string;
  max: string;
}

/** @param before milliseconds since the epoch; dead letters of this instant or later are excluded */
export function reasonRanges(
  installation: Installation,
  filter: DeadLetterFilter,
  before: number,
): ReasonRange[] {
  const until = filter.until?.getTime() ?? Number.POSITIVE_INFINITY;
  const span = {
    min: filter.since === undefined ? '-inf' : String(filter.since.getTime()),
    max: until < before ? String(until) : `(${before}`,
  };
  return storesOf(installation, filter.channels).flatMap((channel) =>
    DEAD_REASONS.filter((reason) => filter.reasons?.includes(reason) ?? true).map((reason) => ({
      channel,
      reason,
      key: channel.store.keys.deadLettersOf(reason),
      ...span,
    })),
  );
}

const PAGE = 1_000;

/** Reads all dead letters of the ranges, oldest first, in bounded memory; tolerates concurrent additions and removals. */
export async function* oldestFirst(
  sources: readonly ReasonRange[],
): AsyncGenerator<IndexedDeadLetter, void, undefined> {
  const streams = sources.map((source) => readRange(source));
  const heads = await Promise.all(streams.map(next));
  for (;;) {
    let first = -1;
    for (const [i, head] of heads.entries()) {
      if (head && head.diedAt < (heads[first]?.diedAt ?? Number.POSITIVE_INFINITY)) first = i;
    }
    const letter = heads[first];
    if (!letter) return;
    yield letter;
    heads[first] = await next(streams[first]!);
  }
}

const next = async (stream: AsyncGenerator<IndexedDeadLetter>): Promise<IndexedDeadLetter | undefined> => {
  const { value, done } = await stream.next();
  return done ? undefined : value;
};

/**
 * Pages by time of death, not by position, since entries before the position may be removed at any time. The next page is asked for
 * before this one is passed on: it would wait behind the scripts that process this one.
 */
async function* readRange(source: ReasonRange): AsyncGenerator<IndexedDeadLetter> {
  let lastAt = Number.NEGATIVE_INFINITY;
  const seen = new Set<string>();
  let asked = askPage(source, source.min, PAGE);
  for (;;) {
    const page = toDeadLetters(await asked, source).filter(
      ({ name, diedAt }) => diedAt > lastAt || !seen.has(name),
    );
    if (page.length === 0) return;
    for (const { name, diedAt } of page) {
      if (diedAt > lastAt) seen.clear();
      lastAt = diedAt;
      seen.add(name);
    }
    asked = askPage(source, String(lastAt), PAGE + seen.size);
    for (const letter of page) yield letter;
  }
}

function askPage({ channel, key, max }: ReasonRange, from: string, size: number): Promise<string[]> {
  const page = channel.store.redis.zrangebyscore(key, from, max, 'WITHSCORES', 'LIMIT', 0, size);
  // Awaited where it is read, unless the reader has enough before.
  page.catch(() => {});
  return page;
}

/** Reads the newest dead letters of all ranges, in order of death. */
export async function newestDeadLetters(
  sources: readonly ReasonRange[],
  limit: number,
): Promise<IndexedDeadLetter[]> {
  const found = await Promise.all(
    sources.map(async (source) => {
      const { channel, key, min, max } = source;
      return toDeadLetters(
        await channel.store.redis.zrevrangebyscore(key, max, min, 'WITHSCORES', 'LIMIT', 0, limit),
        source,
      );
    }),
  );
  const letters = found.flat().sort((a, b) => a.diedAt - b.diedAt);
  return letters.slice(-limit);
}

function toDeadLetters(flat: readonly string[], { channel, reason }: ReasonRange): IndexedDeadLetter[] {
  const letters: IndexedDeadLetter[] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) {
    letters.push({ channel, reason, name: flat[i]!, diedAt: Number(flat[i + 1]) });
  }
  return letters;
}

/** Finds the dead letters of this message id or job id, in every store. */
export async function findDeadLetters(installation: Installation, id: string): Promise<IndexedDeadLetter[]> {
  const found = await Promise.all(
    storesOf(installation).map(async (channel) => {
      const letter = await findDeadLetter(channel.store, id);
      return letter && { channel, name: letter.name, reason: letter.reason, diedAt: letter.diedAt };
    }),
  );
  return found.filter((letter) => letter !== undefined);
}
