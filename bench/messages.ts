/** The messages of a bench: the same for every contender, some 200 bytes as JSON, each to a player of its own. */

export interface BenchMessage {
  id: string;
  platform: 'kongregate';
  to: { userId: number };
  content: string;
}

export const CHANNEL = 'kongregate';

export function* messages(count: number, first = 0): Generator<BenchMessage> {
  for (let i = first; i < first + count; i++) yield message(i);
}

export function message(i: number, note = 'shares its spoils.'): BenchMessage {
  const content = `Hello **player ${i}**, your guild has won the battle of the day and ${note}`;
  return { id: `m-${i}`, platform: CHANNEL, to: { userId: i + 1 }, content };
}

/** One that carries when it was enqueued. */
export const stampedMessage = (i: number): BenchMessage => message(i, `stamp-${monotonicMs().toFixed(3)}.`);

/** @throws Error where the text carries no stamp */
export function stampIn(text: string): number {
  const stamp = /stamp-(\d+\.\d+)/.exec(text)?.[1];
  if (stamp === undefined) throw new Error(`no stamp in ${text}`);
  return Number(stamp);
}

/** Milliseconds of the machine's monotonic clock, which all of its processes share. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** What Kongregate is sent, as Herald writes it. */
export const requestBody = ({ to, content }: BenchMessage): string =>
  JSON.stringify({ api_key: 'k', user_id: to.userId, content });

export const REQUEST_PATH = '/private_message.json';
export const REQUEST_HEADERS = ['content-type', 'application/json', 'accept', 'application/json'];

export function* inBatches<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let batch: T[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
