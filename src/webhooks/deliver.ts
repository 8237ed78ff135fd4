import { setTimeout as pause } from 'node:timers/promises';
import type { Clock, Random } from '../clock.ts';
import { type BackoffPolicy, backoffMs } from '../policies/backoff.ts';
import type { Payload } from './payload.ts';
import type { Answer, Post } from './post.ts';
import type { Rests } from './rests.ts';

/** The result of one receipt. `left`: this process may not continue, and the receipt is posted again later. */
export type Delivery = 'accepted' | 'given_up' | 'gone' | 'left';

export interface DeliveryDeps {
  post: Pick<Post, 'send'>;
  rests: Rests;
  random: Random;
  clock: Pick<Clock, 'monotonic'>;
  /** Whether this process has the endpoint's lease long enough to wait for an answer. */
  mayPost(): boolean;
  /** Called for every answer. */
  onAnswer(answer: Answer, change: ReturnType<Rests['note']>): void;
  /** Ends the waiting between requests. */
  stop: AbortSignal;
  /** Ends requests in flight too. */
  kill: AbortSignal;
}

const BACKOFF: BackoffPolicy = { baseMs: 1_000, capMs: 5 * 60_000 };
/** After this many refusals a receipt is given up: it would be refused for ever. */
export const MAX_REFUSALS = 12;

/** Posts a receipt until it is accepted. Never rejects. */
export async function deliver(payload: Payload, deps: DeliveryDeps): Promise<Delivery> {
  const { rests, stop, onAnswer } = deps;
  let refusals = 0;
  for (let attempt = 1; ; attempt += 1) {
    if (!(await passed(rests.pass(stop))) || !deps.mayPost()) return 'left';
    const answer = await deps.post.send(payload, deps.kill);
    const change = rests.note(answer);
    if (answer.kind === 'failed' && deps.kill.aborted) return 'left';
    onAnswer(answer, change);
    if (answer.kind === 'accepted' || answer.kind === 'gone') return answer.kind;
    if (answer.kind === 'refused') refusals += 1;
    if (refusals >= MAX_REFUSALS) return 'given_up';
    const waitMs = backoffMs(BACKOFF, attempt, deps.random);
    if (!(await passed(pause(waitMs, undefined, { signal: stop, ref: false })))) return 'left';
  }
}

/** False if the wait was ended by its signal. */
const passed = (waiting: Promise<unknown>): Promise<boolean> =>
  waiting.then(
    () => true,
    () => false,
  );
