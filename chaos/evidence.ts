import type { Redis } from 'ioredis';
import { ledgerBase } from '../src/jobs/queues.ts';
import { iterateReceipts, type Receipt } from '../src/observe/receipts.ts';
import type { SandboxCall } from '../src/sandbox/index.ts';
import type { Evidence } from './breach.ts';
import { LANES, type Lane } from './lanes.ts';
import { idIn, idOf } from './messages.ts';
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

/** By what the letters carry; what has no name is called after its job. */
async function lettersOf({ name }: Lane, redis: Redis): Promise<Set<string>> {
  const kept = Object.entries(await redis.hgetall(`${ledgerBase(name)}:letters:data`));
  return new Set(kept.map(([job, data]) => idOf(data) ?? job));
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
