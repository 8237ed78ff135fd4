import { parseObject } from '../http/json-object.ts';
import { mayHaveActed, outcomeOfRateLimit } from '../http/outcome.ts';
import type { HttpResult } from '../http/result.ts';
import { waitSeconds } from './answer.ts';

/**
 * Takes messages out of the sender's inbox after they were sent. It is a request like any other, refused where the site's
 * limit is reached, and asking twice does no harm: a try that fails for now is repeated by itself, one topic after the
 * other, and nothing is sent again for it. What waits here is in memory: a process that ends gives it up.
 */

export interface ArchiverDeps {
  /** Asks once. */
  archive(topicId: number, signal: AbortSignal): Promise<HttpResult>;
  now(): number;
  /** Called with messages that stay in the inbox although their delivery has been reported. */
  warn(detail: string): void;
}

/** How a try ended: well, for good, or for now. */
type Try = { kind: 'done' } | { kind: 'refused'; detail: string } | Passing;
interface Passing {
  kind: 'passing';
  detail: string;
  restMs: number | undefined;
}

interface Pending {
  topicId: number;
  tries: number;
}

const MAX_TRIES = 20;
const MAX_PENDING = 10_000;
/** Between two that succeed: a site takes one request a second by default, and sends come first. */
const SPACING_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

export class Archiver {
  readonly #deps: ArchiverDeps;
  readonly #closing = new AbortController();
  readonly #pending: Pending[] = [];
  #next: NodeJS.Timeout | undefined;
  #working = false;

  constructor(deps: ArchiverDeps) {
    this.#deps = deps;
  }

  /**
   * The first try, while its sender waits. Says what went wrong, if anything did, and how long the site wants to be left
   * alone, milliseconds.
   */
  async archive(topicId: number, signal: AbortSignal): Promise<{ detail?: string; restMs?: number }> {
    const end = await this.#try(topicId, signal);
    if (end.kind === 'done') return {};
    if (end.kind === 'refused' || this.#pending.length >= MAX_PENDING || this.#closing.signal.aborted)
      return { detail: `not archived: ${end.detail}` };
    this.#pending.push({ topicId, tries: 1 });
    this.#schedule(pauseMs(end, 1));
    const rest = end.restMs === undefined ? {} : { restMs: end.restMs };
    return { detail: `not archived yet, will be retried: ${end.detail}`, ...rest };
  }

  /** Gives up what waits, and says so. */
  close(): void {
    this.#closing.abort();
    clearTimeout(this.#next);
    const topics = this.#pending.splice(0).map(({ topicId }) => topicId);
    if (topics.length > 0) this.#giveUp(topics, 'the worker is stopping');
  }

  #schedule(ms: number): void {
    if (this.#next !== undefined || this.#working || this.#closing.signal.aborted) return;
    this.#next = setTimeout(() => {
      this.#next = undefined;
      void this.#repeat();
    }, ms);
    this.#next.unref();
  }

  async #repeat(): Promise<void> {
    const [first] = this.#pending;
    if (first === undefined) return;
    this.#working = true;
    const end = await this.#try(first.topicId, this.#closing.signal);
    this.#working = false;
    if (this.#closing.signal.aborted) return;
    first.tries += 1;
    const wait = end.kind === 'passing' ? pauseMs(end, first.tries) : SPACING_MS;
    if (end.kind !== 'passing' || first.tries >= MAX_TRIES) {
      this.#pending.shift();
      if (end.kind !== 'done') this.#giveUp([first.topicId], end.detail);
    }
    if (this.#pending.length > 0) this.#schedule(wait);
  }

  async #try(topicId: number, signal: AbortSignal): Promise<Try> {
    const result = await this.#deps.archive(topicId, signal);
    if (result.kind !== 'answered') return { kind: 'passing', detail: result.detail, restMs: undefined };
    const { status, text } = result;
    const detail = `HTTP ${status}`;
    if (status === 200) return { kind: 'done' };
    if (status !== 429 && !mayHaveActed(status)) return { kind: 'refused', detail };
    const { restMs } = outcomeOfRateLimit(result, this.#deps.now(), waitSeconds(parseObject(text)));
    return { kind: 'passing', detail, restMs };
  }

  #giveUp(topics: readonly number[], why: string): void {
    const some = topics.slice(0, 20).join(', ');
    const more = topics.length > 20 ? ` and ${topics.length - 20} more` : '';
    this.#deps.warn(`not archived: topics ${some}${more}: ${why}`);
  }
}

/** As long as the site asks, or longer and longer. */
const pauseMs = ({ restMs }: Passing, tries: number): number =>
  restMs ?? Math.min(LONGEST_PAUSE_MS, SPACING_MS * 2 ** (tries - 1));
