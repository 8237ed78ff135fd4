import type { Redis } from 'ioredis';
import { iterateReceipts, type Receipt } from '../src/observe/receipts.ts';
import type { SandboxCall } from '../src/sandbox/index.ts';
import type { Evidence } from './judge.ts';
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
      return { lane, receipts, calls: callsOf(lane, sandboxes), acknowledged: new Set(ids) };
    }),
  );
}

/** Several channels share a simulated platform: a message's text tells whose it is. */
const callsOf = (lane: Lane, sandboxes: Platforms['sandboxes']): SandboxCall[] =>
  sandboxes[lane.platform].journal
    .calls()
    .filter(({ content }) => idIn(content)?.startsWith(`${lane.name}-`) ?? false);
