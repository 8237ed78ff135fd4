import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Clock, Random } from '../clock.ts';
import type { WebhookConfig } from '../config/webhooks.ts';
import type { Logger } from '../observe/log.ts';
import type { WebhookMetrics } from '../observe/webhook-metrics.ts';
import type { BreakerPolicy } from '../policies/breaker.ts';
import { type FollowedReceipt, type FollowReceiptsOptions, followReceipts } from '../receipts/follow.ts';
import { type Delivery, deliver, MAX_REFUSALS } from './deliver.ts';
import { type Payload, payloadOf, webhookId } from './payload.ts';
import { type Answer, createPost } from './post.ts';
import { endpointRecord } from './record.ts';
import { createRests } from './rests.ts';
import { beginTurn, type Turn } from './turn.ts';

/** Posts the receipts of an endpoint's channels to it while this process has the endpoint's lease. */
export interface Endpoint {
  /** Resolves once nothing is in flight. Aborting `kill` ends requests in flight. */
  readonly ended: Promise<void>;
}

export interface EndpointDeps {
  /** The Redis that the receipts are read from. */
  receipts: FollowReceiptsOptions['redis'];
  /** The connection to the endpoints' records. */
  redis: Redis;
  clock: Clock;
  random: Random;
  logger: Logger;
  metrics: WebhookMetrics;
  version: string;
  /** How often the lease is renewed, or requested while another process has it; well below `LEASE_MS`. */
  everyMs: number;
  /** Ends the posting, except for requests in flight. */
  stop: AbortSignal;
  kill: AbortSignal;
}

const BREAKER: BreakerPolicy = { failures: 5, restMs: 10_000, capMs: 5 * 60_000 };
/** How many receipts of the endpoint may be finished behind a pending one: their ids are kept. */
const MAX_AHEAD = 1_000;

export function startEndpoint(config: WebhookConfig, deps: EndpointDeps): Endpoint {
  const { clock, metrics, version, stop } = deps;
  const logger = deps.logger.child({ webhook: config.name });
  const record = endpointRecord(deps.redis, config, randomBytes(12).toString('base64url'));
  const post = createPost(config, { clock, version });
  metrics.watch(config.name);

  let starts = true;
  async function takeTurn(): Promise<void> {
    const takenAt = clock.monotonic();
    const standing = await record.take(starts);
    starts = false;
    metrics.gone(config.name, standing && standing.gone !== undefined);
    if (!standing) return;
    if (standing.gone !== undefined) {
      await record.release();
      return;
    }
    logger.info('webhook: posting receipts');
    const turn = beginTurn(config, standing, takenAt, {
      ...{ record, clock, metrics, everyMs: deps.everyMs },
      onError: (error) => logger.warn({ error: String(error) }, 'webhook: position not written'),
    });
    await createPosting(config, turn, { ...deps, logger, post }).run();
  }
  async function run(): Promise<void> {
    while (!stop.aborted) {
      await takeTurn().catch((error: unknown) => {
        if (!stop.aborted) logger.error({ error: String(error) }, 'webhook: receipts cannot be posted');
      });
      await pause(deps.everyMs, undefined, { signal: stop, ref: false }).catch(() => {});
    }
    await post.close();
  }
  return { ended: run() };
}

interface PostingDeps extends EndpointDeps {
  post: ReturnType<typeof createPost>;
}

function createPosting(config: WebhookConfig, turn: Turn, deps: PostingDeps): { run(): Promise<void> } {
  const { name, concurrency, states } = config;
  const { receipts, clock, random, logger, metrics, post } = deps;
  const stop = AbortSignal.any([turn.over, deps.stop]);
  const kill = AbortSignal.any([turn.lost, deps.kill]);
  // Every channel and every request listens.
  setMaxListeners(0, stop, kill);
  const rests = createRests(BREAKER, clock);
  const inFlight = new Set<Promise<void>>();
  const wakes: (() => void)[] = [];
  /** Not Promise.race: it would retain something of every wait while one request is repeated for hours. */
  const nextEnd = (): Promise<void> => new Promise((wake) => wakes.push(wake));

  function onAnswer(answer: Answer, change: 'opened' | 'closed' | undefined): void {
    metrics.attempted(name, answer.kind);
    turn.rests(rests.leftMs());
    const { detail } = answer;
    if (change === 'opened') logger.warn({ detail }, 'webhook: the endpoint fails; requests rest');
    if (change === 'closed') logger.info('webhook: the endpoint answers again');
  }
  function finish(delivery: Delivery, { channel, id: message }: FollowedReceipt, { id }: Payload): void {
    if (delivery === 'left') {
      turn.end();
      return;
    }
    if (delivery === 'gone') {
      metrics.gone(name, true);
      logger.error('webhook: the endpoint answered 410 and gets no more receipts');
      turn.gone();
      return;
    }
    if (delivery === 'given_up') {
      metrics.givenUp(name);
      logger.error(
        { channel, message, refusals: MAX_REFUSALS },
        'webhook: receipt given up: the endpoint refuses it',
      );
    }
    turn.progressOf(channel).end(id);
    turn.changed(channel);
  }
  async function follow(channel: string): Promise<void> {
    const progress = turn.progressOf(channel);
    const from = progress.position().after;
    for await (const receipt of followReceipts({ redis: receipts, channels: channel, from, signal: stop })) {
      if (receipt.gap) noteGap(channel, receipt);
      const { cursor, at, state } = receipt;
      if (!states.includes(state)) {
        progress.pass({ id: webhookId(receipt), cursor });
        turn.passed(channel);
        continue;
      }
      const payload = payloadOf(receipt);
      if (!progress.begin({ id: payload.id, cursor, at })) continue;
      const full = () => inFlight.size >= concurrency || progress.size() > MAX_AHEAD;
      while (full() && !stop.aborted) await nextEnd();
      if (stop.aborted) return;
      const deliverable = { ...{ post, rests, random, clock, stop, kill, onAnswer }, mayPost: turn.mayPost };
      const run: Promise<void> = deliver(payload, deliverable).then((end) => {
        inFlight.delete(run);
        finish(end, receipt, payload);
        for (const wake of wakes.splice(0)) wake();
      });
      inFlight.add(run);
    }
  }
  function noteGap(channel: string, { at, missing }: FollowedReceipt): void {
    const { count, exact } = turn.progressOf(channel).cut(missing, clock.now());
    turn.changed(channel);
    metrics.gap(name, count);
    const figure = exact ? { missing: count } : { missing_at_least: count };
    logger.error(
      { channel, ...figure, oldest_kept: new Date(at).toISOString() },
      'webhook: receipts were cut off before they were posted',
    );
  }

  return {
    async run() {
      try {
        await Promise.all(config.channels.map(follow));
      } finally {
        turn.end();
        await Promise.all(inFlight);
        await turn.finish();
      }
    },
  };
}
