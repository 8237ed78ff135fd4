import type { Installation } from '../channels/installation.ts';
import type { DeadReason } from '../outcome.ts';
import { storeTime } from '../redis/store-clock.ts';
import {
  type DeadLetterFilter,
  findDeadLetters,
  type IndexedDeadLetter,
  oldestFirst,
  type ReasonRange,
  reasonRanges,
} from './index-by-reason.ts';
import { type RecordFilter, wantedBy, wantedOf } from './record-filter.ts';

/** Selects the dead letters of a command, and counts them before anything is changed. */
export interface DeadLetterQuery extends DeadLetterFilter, RecordFilter {
  /** Message ids or job ids; all dead letters of the filter when absent or empty. */
  ids?: readonly string[] | undefined;
  /** At most this many, oldest first. */
  limit?: number | undefined;
}

export interface DeadLetterGroup {
  channel: string;
  reason: DeadReason;
  letters: number;
  /** Times of the first and the last death, milliseconds since the epoch. */
  oldest: number;
  newest: number;
}

export interface LeftOut {
  id: string;
  channel: string;
  reason: DeadReason;
  /** Milliseconds since the epoch. */
  diedAt: number;
}

export interface SelectedDeadLetters {
  /** When it was made, by the store's clock, milliseconds since the epoch: what died then or later is not selected. */
  at: number;
  /** The number of dead letters selected: all that match, up to the limit. */
  letters: number;
  /** Counts of all that match, by channel and reason. */
  groups: DeadLetterGroup[];
  /** Ids without a dead letter. */
  unknownIds: string[];
  /** Ids whose dead letters the rest of the selection leaves out, with the latest of each; a limit leaves none out. */
  leftOutIds: LeftOut[];
  /** Reads the selected dead letters, oldest first; excludes later deaths, so it terminates. */
  read(): AsyncIterable<IndexedDeadLetter>;
}

export async function selectDeadLetters(
  installation: Installation,
  selection: DeadLetterQuery,
): Promise<SelectedDeadLetters> {
  const now = await storeTime(installation.directory);
  const sources = reasonRanges(installation, selection, now);
  const { ids = [], limit = Number.POSITIVE_INFINITY } = selection;
  const isWanted = wantedBy(selection);
  const having = (letters: AsyncIterable<IndexedDeadLetter>): AsyncIterable<IndexedDeadLetter> =>
    isWanted ? wantedOf(letters, isWanted) : letters;
  if (ids.length > 0) {
    const named = await findNamed(installation, ids);
    const covered = inOrder(named.flatMap(({ letters }) => letters)).filter((letter) =>
      sources.some((source) => covers(source, letter)),
    );
    return { at: now, ...(await planNamed(named, having(iterate(covered)), limit)) };
  }
  const read = (): AsyncIterable<IndexedDeadLetter> => having(oldestFirst(sources));
  const groups = isWanted ? await countRead(read()) : await countSources(sources);
  const matching = groups.reduce((sum, { letters }) => sum + letters, 0);
  return {
    at: now,
    letters: Math.min(matching, limit),
    groups,
    unknownIds: [],
    leftOutIds: [],
    read: () => taking(read(), limit),
  };
}

async function* taking<T>(items: AsyncIterable<T>, limit: number): AsyncGenerator<T, void, undefined> {
  if (limit <= 0) return;
  let taken = 0;
  for await (const item of items) {
    yield item;
    taken += 1;
    if (taken >= limit) return;
  }
}

async function countSources(sources: readonly ReasonRange[]): Promise<DeadLetterGroup[]> {
  const groups = await Promise.all(
    sources.map(async ({ channel, reason, key, min, max }) => {
      const { redis } = channel.store;
      const [letters, [, oldest], [, newest]] = await Promise.all([
        redis.zcount(key, min, max),
        redis.zrangebyscore(key, min, max, 'WITHSCORES', 'LIMIT', 0, 1),
        redis.zrevrangebyscore(key, max, min, 'WITHSCORES', 'LIMIT', 0, 1),
      ]);
      return { channel: channel.name, reason, letters, oldest: Number(oldest), newest: Number(newest) };
    }),
  );
  return joined(groups.filter(({ letters }) => letters > 0));
}

export async function countDeadLetters(sources: readonly ReasonRange[]): Promise<number> {
  const counts = await Promise.all(
    sources.map(({ channel, key, min, max }) => channel.store.redis.zcount(key, min, max)),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

interface NamedDeadLetters {
  id: string;
  /** One in each channel that has it. */
  letters: readonly IndexedDeadLetter[];
}

async function findNamed(
  installation: Installation,
  ids: readonly string[],
): Promise<readonly NamedDeadLetters[]> {
  const named: NamedDeadLetters[] = [];
  for (const id of new Set(ids)) named.push({ id, letters: await findDeadLetters(installation, id) });
  return named;
}

const nameOf = ({ channel, name }: IndexedDeadLetter): string => `${channel.store.name} ${name}`;

/** A letter may have been named twice: by its message's id, and by its job's. */
const inOrder = (letters: readonly IndexedDeadLetter[]): IndexedDeadLetter[] =>
  [...new Map(letters.map((letter) => [nameOf(letter), letter])).values()].sort(
    (a, b) => a.diedAt - b.diedAt,
  );

async function planNamed(
  named: readonly NamedDeadLetters[],
  selected: AsyncIterable<IndexedDeadLetter>,
  limit: number,
): Promise<Omit<SelectedDeadLetters, 'at'>> {
  const letters: IndexedDeadLetter[] = [];
  for await (const letter of selected) letters.push(letter);
  const names = new Set(letters.map(nameOf));
  const leftOut = named.filter((each) => !each.letters.some((letter) => names.has(nameOf(letter))));
  return {
    letters: Math.min(letters.length, limit),
    groups: joined(letters.map(asGroup)),
    unknownIds: leftOut.filter((each) => each.letters.length === 0).map(({ id }) => id),
    leftOutIds: leftOut.flatMap(({ id, letters }) => inOrder(letters).slice(-1).map(asLeftOut(id))),
    read: () => iterate(letters.slice(0, limit)),
  };
}

const asLeftOut =
  (id: string) =>
  ({ channel, reason, diedAt }: IndexedDeadLetter): LeftOut => ({
    id,
    channel: channel.name,
    reason,
    diedAt,
  });

async function* iterate<T>(items: readonly T[]): AsyncGenerator<T, void, undefined> {
  yield* items;
}

function covers({ channel, reason, min, max }: ReasonRange, letter: IndexedDeadLetter): boolean {
  if (channel !== letter.channel || reason !== letter.reason) return false;
  const from = min === '-inf' || letter.diedAt >= Number(min);
  return from && (max.startsWith('(') ? letter.diedAt < Number(max.slice(1)) : letter.diedAt <= Number(max));
}

const asGroup = ({ channel: { name: channel }, reason, diedAt }: IndexedDeadLetter): DeadLetterGroup => ({
  ...{ channel, reason, letters: 1, oldest: diedAt, newest: diedAt },
});

async function countRead(letters: AsyncIterable<IndexedDeadLetter>): Promise<DeadLetterGroup[]> {
  const groups = new Map<string, DeadLetterGroup>();
  for await (const letter of letters) join(groups, asGroup(letter));
  return [...groups.values()];
}

/** Those of one channel and reason as one, whichever store they lie in. */
function joined(all: readonly DeadLetterGroup[]): DeadLetterGroup[] {
  const groups = new Map<string, DeadLetterGroup>();
  for (const each of all) join(groups, each);
  return [...groups.values()];
}

function join(groups: Map<string, DeadLetterGroup>, each: DeadLetterGroup): void {
  const { channel, reason, letters, oldest, newest } = each;
  const known = groups.get(`${channel} ${reason}`) ?? { ...each, letters: 0 };
  groups.set(`${channel} ${reason}`, {
    ...{ channel, reason, letters: known.letters + letters },
    oldest: Math.min(known.oldest, oldest),
    newest: Math.max(known.newest, newest),
  });
}
