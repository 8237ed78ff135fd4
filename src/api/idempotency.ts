import { createHash } from 'node:crypto';
import type { Access } from '../tokens/scopes.ts';
import { problem } from './problem.ts';

/**
 * `Idempotency-Key` without a memory of answers: the id of a message without one is derived from the token, the key, its place
 * in the body and its text, so that the ledger knows a repeat as a duplicate, for as long as it knows the message. Since
 * another text makes another id, nothing is ever taken for a repeat that is none. And a body is repeated whole: in a part of it, lines have
 * other places.
 *
 * That another body came under the same key is a mistake of the client, which is told for a day: beside the ledger six
 * characters a message are kept, of the same digest. They are written once the message is taken, so a line that was refused
 * may be mended under its key.
 */

/** What is needed to keep texts, each below a name; they expire. */
export interface FingerprintStore {
  /** The characters from `from` to `to`, both included, as far as there are any. */
  read(name: string, from: number, to: number): Promise<string>;
  write(name: string, from: number, text: string): Promise<void>;
}

/** A message of a body: its place among them, from 0, and its text. */
export interface KeyedText {
  index: number;
  text: string;
}

export interface IdempotentBody {
  /** The id of a message that has none of its own. */
  idOf(message: KeyedText): string;
  /** What was taken before at the places of these. @param messages in order, a batch of a body */
  recall<T extends KeyedText>(messages: readonly T[]): Promise<RecalledBatch<T>>;
}

export interface RecalledBatch<T extends KeyedText> {
  /** Those at whose place another text was taken before. */
  reused: ReadonlySet<T>;
  /** @param taken those of the batch that were taken, in order */
  remember(taken: readonly T[]): Promise<void>;
}

const KEY = /^[\x21-\x7e]{1,255}$/;
const ID_CHARACTERS = 27;
const WIDTH = 6;
/** A place at which nothing was taken. */
const NOTHING = '.'.repeat(WIDTH);
const FINGERPRINT = /^[\w-]+$/;
/** Places that are kept under one name: a text must not grow without bound. */
const BLOCK = 100_000;

/** @throws ApiProblem for what is no key; undefined without one */
export function idempotencyKeyOf(header: string | undefined): string | undefined {
  if (header === undefined || KEY.test(header)) return header;
  throw problem('bad_request', 'Idempotency-Key: expected 1 to 255 visible characters');
}

const digest = (...parts: readonly (string | number)[]): string =>
  createHash('sha256').update(parts.join('\0')).digest('base64url');

export function idempotentBody(access: Access, key: string, store: FingerprintStore): IdempotentBody {
  const name = digest(access.id, key).slice(0, ID_CHARACTERS);
  const digestOf = ({ index, text }: KeyedText): string => digest(access.id, key, index, text);
  const fingerprint = (message: KeyedText): string => digestOf(message).slice(-WIDTH);

  /** What is kept of the places from the first to the last of these, by their index. */
  async function read(messages: readonly KeyedText[]): Promise<Map<number, string>> {
    const known = new Map<number, string>();
    for (const { block, from, to } of ranges(messages)) {
      const text = await store.read(`${name}:${block}`, from * WIDTH, (to + 1) * WIDTH - 1);
      for (let at = 0; at + WIDTH <= text.length; at += WIDTH) {
        const found = text.slice(at, at + WIDTH);
        if (FINGERPRINT.test(found)) known.set(block * BLOCK + from + at / WIDTH, found);
      }
    }
    return known;
  }

  return {
    idOf: (message) => `key_${digestOf(message).slice(0, ID_CHARACTERS)}`,
    async recall(messages) {
      const known = await read(messages);
      const isOther = (message: KeyedText): boolean => {
        const before = known.get(message.index);
        return before !== undefined && before !== fingerprint(message);
      };
      return {
        reused: new Set(messages.filter(isOther)),
        async remember(taken) {
          for (const message of taken)
            if (!known.has(message.index)) known.set(message.index, fingerprint(message));
          for (const { block, from, to } of ranges(taken)) {
            const first = block * BLOCK + from;
            const texts = Array.from({ length: to - from + 1 }, (_, i) => known.get(first + i) ?? NOTHING);
            await store.write(`${name}:${block}`, from * WIDTH, texts.join(''));
          }
        },
      };
    },
  };
}

/** From the first to the last place of the messages, by the blocks that they fall into. */
function ranges(messages: readonly KeyedText[]): { block: number; from: number; to: number }[] {
  const places = new Map<number, { from: number; to: number }>();
  for (const { index } of messages) {
    const [block, place] = [Math.floor(index / BLOCK), index % BLOCK];
    places.set(block, { from: places.get(block)?.from ?? place, to: place });
  }
  return [...places].map(([block, range]) => ({ block, ...range }));
}
