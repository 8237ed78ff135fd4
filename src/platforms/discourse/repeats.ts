import { createHash } from 'node:crypto';

/** Above the window itself: what the way to the site and its clock may take. */
const MARGIN_MS = 5_000;
/** The site answers the same post with the same refusal for that long, whether it still holds or not. */
const MEMO_MS = 120_000;
const MAX_TEXTS = 1_000;

/**
 * When a text may be posted again that the site has just refused as too similar to what the same account posted. It
 * takes one in each window, whatever the recipient, so those that wait for one text get a window each: together they would
 * be refused again.
 */
export class Repeats {
  readonly #windowMs: number;
  readonly #next = new Map<string, number>();

  constructor(uniquePostsMins: number) {
    this.#windowMs = Math.max(uniquePostsMins * 60_000, MEMO_MS) + MARGIN_MS;
  }

  /** How long the message that was refused has to wait, in milliseconds. */
  waitMs(content: string, now: number): number {
    const text = createHash('sha256').update(content).digest('base64');
    const at = Math.max(this.#next.get(text) ?? 0, now) + this.#windowMs;
    if (this.#next.size >= MAX_TEXTS) this.#forget(now);
    this.#next.set(text, at);
    return at - now;
  }

  #forget(now: number): void {
    for (const [text, at] of this.#next) if (at < now) this.#next.delete(text);
    if (this.#next.size >= MAX_TEXTS) this.#next.clear();
  }
}
