import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { PREFIX, queueName } from '../src/jobs/queues.ts';
import { readStoredJobs } from '../src/jobs/stored-jobs.ts';
import { iterateReceipts, type Receipt } from '../src/observe/receipts.ts';
import type { SandboxCall } from '../src/sandbox/index.ts';
import type { Evidence } from './breach.ts';
import { LANES, type Lane } from './lanes.ts';
import { idIn } from './messages.ts';
import type { Platforms } from './stage.ts';

/** Collects what is judged: Herald's receipts, and the calls as the simulated platforms wrote them down. */
export async function gather(
  redis: Redis,
  { sandboxes }: Platforms,
  acknowledged: ReadonlySet<string>,
): Promise<Evidence[]> {
  return await Promise.all(
    LANES.map(async (lane) => {
      const receipts: Receipt[] = [];
      for await (const receipt of iterateReceipts(redis, lane.name)) receipts.push(receipt);
      const own = `${lane.name} `;
      const ids = [...acknowledged].filter((key) => key.startsWith(own)).map((key) => key.slice(own.length));
      const calls = callsOf(lane, sandboxes);
      return { lane, receipts, calls, acknowledged: new Set(ids), letters: await lettersOf(lane, redis) };
    }),
  );
}

/** By what the jobs of the failed set carry, not by Herald's index of them; what has no name is called after its job. */
async function lettersOf({ name }: Lane, redis: Redis): Promise<Set<string>> {
  const queue = new Queue(queueName(name), { connection: redis, prefix: PREFIX });
  try {
    const jobs = await readStoredJobs(redis, queue, await redis.zrange(queue.toKey('failed'), '0', '-1'));
    return new Set(
      jobs.flatMap((job) => {
        const { id } = (job?.data ?? {}) as { id?: unknown };
        return job ? [typeof id === 'string' ? id : job.id] : [];
      }),
    );
  } finally {
    await queue.close();
  }
}

/** Calls that no channel is judged by: of no message, or of one that has no business with this platform. */
export const strays = ({ sandboxes }: Platforms): SandboxCall[] =>
  Object.entries(sandboxes).flatMap(([platform, { journal }]) => {
    const lanes = LANES.filter((lane) => lane.platform === platform);
    return journal
      .calls()
      .filter(({ content }) => !lanes.some(({ name }) => idIn(content)?.startsWith(`${name}-`)));
  });

/** Several channels share a simulated platform: a message's text tells whose it is. */
const callsOf = (lane: Lane, sandboxes: Platforms['sandboxes']): SandboxCall[] =>
  sandboxes[lane.platform].journal
    .calls()
    .filter(({ content }) => idIn(content)?.startsWith(`${lane.name}-`) ?? false);
