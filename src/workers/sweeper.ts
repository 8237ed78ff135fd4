import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { readStoredJobs, type StoredJob } from '../jobs/stored-jobs.ts';
import type { Settled } from '../ledger/entries.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { dropLetter, forgetNames, lettersKey, listLetter, unlisted } from '../ledger/letters.ts';
import { newNonce } from '../ledger/names.ts';
import { DEAD_REASONS, type FinalState } from '../outcome.ts';
import { type ReadContext, readJob } from './delivery.ts';
import type { DeliveryObserver } from './observer.ts';

/**
 * Settles jobs that BullMQ failed without the pipeline seeing them (rule 9), so that no run ends without a final state,
 * and keeps the index of dead letters true when letters are removed by other tools.
 */
export interface SweeperDeps extends ReadContext {
  base: string;
  queue: Queue;
  redis: Redis;
  ledger: Ledger;
  observer: DeliveryObserver;
}

const PAGE = 200;
/** The index leads the failed set: a letter is listed when its run ends, and its job is failed a moment later. */
const LEAD_MS = 60_000;

/** @returns how many jobs it settled */
export async function sweep(deps: SweeperDeps, now: number): Promise<number> {
  const { queue, redis, base } = deps;
  if (await listsAgree(deps)) return 0;
  let settled = 0;
  for (let start = 0; ; start += PAGE) {
    const failed = queue.toKey('failed');
    const ids = await redis.zrange(failed, String(start), String(start + PAGE - 1));
    if (ids.length === 0) break;
    // What a replay moves meanwhile is no longer failed, and not for us to settle.
    const givenUp = await unlisted(redis, base, ids, failed);
    for (const job of await readStoredJobs(redis, queue, givenUp)) {
      if (job && (await settleFailed(job, deps))) settled += 1;
    }
  }
  await dropVanished(deps, now);
  return settled;
}

async function listsAgree({ queue, redis, base }: SweeperDeps): Promise<boolean> {
  const listed = await Promise.all(DEAD_REASONS.map((reason) => redis.zcard(lettersKey(base, reason))));
  return listed.reduce((sum, count) => sum + count, 0) === (await redis.zcard(queue.toKey('failed')));
}

async function settleFailed(job: StoredJob, deps: SweeperDeps): Promise<boolean> {
  const read = readJob(job, deps);
  if (read.kind === 'newer') return false;
  const { ledger: message, ref } = read.kind === 'invalid' ? read : read.delivery;
  const reason = read.kind === 'invalid' ? 'invalid_message' : 'stalled';
  let final: FinalState = { state: 'dead', reason };
  let settled = await deps.ledger.settle({ message, nonce: newNonce(), effect: 'none', final });
  if (settled.status === 'stale') {
    // A send of it is in doubt, or still under way; in the latter case this changes nothing either.
    final = { state: 'dead', reason: 'unconfirmed' };
    settled = await deps.ledger.settle({ message, nonce: newNonce(), effect: 'none', final });
  }
  if (settled.status === 'first') {
    const detail = job.failedReason || 'the queue gave the job up';
    const latencyMs = Math.max(0, (job.finishedOn ?? job.timestamp) - job.timestamp);
    deps.observer.finished({
      message: ref,
      run: settled.run,
      attempts: settled.attempts,
      final,
      detail,
      latencyMs,
    });
    return true;
  }
  return await reconcile(job, ref.id, settled, deps);
}

/** The record says how the run ended; the queue and the index follow it. */
async function reconcile(job: StoredJob, id: string, settled: Settled, deps: SweeperDeps): Promise<boolean> {
  if (settled.status !== 'known' || !settled.final) return false;
  if (settled.final.state === 'dead') {
    const letter = { reason: settled.final.reason, id, jobId: job.id };
    await listLetter(deps.redis, deps.base, letter, job.finishedOn ?? job.timestamp);
  } else {
    await deps.queue.remove(job.id);
  }
  return false;
}

async function dropVanished(deps: SweeperDeps, now: number): Promise<void> {
  const { queue, redis, base } = deps;
  let dropped = 0;
  for (const reason of DEAD_REASONS) {
    const key = lettersKey(base, reason);
    for (let kept = 0; ; ) {
      const ids = await redis.zrangebyscore(key, '-inf', now - LEAD_MS, 'LIMIT', kept, PAGE);
      if (ids.length === 0) break;
      const scores = await redis.zmscore(queue.toKey('failed'), ...ids);
      const gone = ids.filter((_, i) => scores[i] === null);
      for (const jobId of gone) await dropLetter(redis, base, { reason, id: '', jobId });
      kept += ids.length - gone.length;
      dropped += gone.length;
    }
  }
  if (dropped > 0) await forgetNames(redis, base);
}
