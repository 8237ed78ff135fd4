import type { Ruling } from '../request-handler.ts';

/** What Discourse counts: characters, and requests. */

/**
 * At most as many characters as were sent, at least as many as are left when what hardly says anything is folded
 * (StrippedLengthValidator): comments go, an emoji's code and a row of dots or commas are one character.
 */
export function lengthProblem(what: string, text: string, min: number, max: number): string | undefined {
  if (text.trim() === '') return `${what} can't be blank`;
  const length = [...text.trimEnd()].length;
  if (length > max) return `${what} is limited to ${max} characters; you entered ${length}.`;
  const folded = text
    .replace(/<!--(.*?)-->/g, '')
    .replace(/:\w+(:\w+)?:/g, 'X')
    .replace(/\.{2,}/g, '…')
    .replace(/,{2,}/g, ',');
  return [...folded.trim()].length < min ? `${what} is too short (minimum is ${min} characters)` : undefined;
}

const MINUTE_MS = 60_000;

/** So many requests a minute over all keys, whatever they ask for; a sliding window (RateLimiter). */
export class RequestLimit {
  readonly #max: number;
  #taken: number[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  /** Takes one, or refuses. */
  refusal(now: number): Ruling | undefined {
    this.#taken = this.#taken.filter((at) => now < at + MINUTE_MS);
    if (this.#taken.length < this.#max) {
      this.#taken.push(now);
      return undefined;
    }
    const wait = Math.max(1, Math.ceil(((this.#taken[0] ?? now) + MINUTE_MS - now) / 1000));
    const text = `You’ve performed this action too many times. Please wait ${wait} seconds before trying again.`;
    return {
      result: 'rate_limited',
      status: 429,
      headers: { 'retry-after': `${wait}` },
      body: { errors: [text], error_type: 'rate_limit', extras: { wait_seconds: wait } },
    };
  }
}
