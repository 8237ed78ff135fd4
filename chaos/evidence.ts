import type { Redis } from 'ioredis';
import { iterateReceipts, type Receipt } from '../src/observe/receipts.ts';
import type { SandboxCall } from '../src/sandbox/index.ts';
import type { Evidence, Times } from './breach.ts';
import { type Forgetting, unforgotten } from './forgetting.ts';
import { LANES, type Lane } from './lanes.ts';
import { findDeadLetters } from './letters.ts';
import { idInContent } from './messages.ts';
import type { Platforms } from './stage.ts';

export interface Gathered {
  /** `<channel> <message>` of whatever Redis acknowledged. */
  acknowledged: ReadonlySet<string>;
  /** When the messages may go and end, by id. */
  times: ReadonlyMap<string, Times>;
  /** What the store was made to forget: it was written down. */
  forgettings: readonly Forgetting[];
}

/** Collects what is judged: Herald's receipts, and the calls as the simulated platforms wrote them down. */
export async function gather(
  redis: Redis,
  { sandboxes }: Platforms,
  { acknowledged, times, forgettings }: Gathered,
): Promise<Evidence[]> {
  return await Promise.all(
    LANES.map(async (lane) => {
      const kept: Receipt[] = [];
      for await (const receipt of iterateReceipts(redis, lane.name)) kept.push(receipt);
      const own = `${lane.name} `;
      const ids = [...acknowledged].filter((key) => key.startsWith(own)).map((key) => key.slice(own.length));
      const calls = callsOf(lane, sandboxes);
      const known = unforgotten(lane, forgettings, {
        receipts: kept,
        letters: await findDeadLetters(lane, redis),
      });
      return { lane, ...known, calls, acknowledged: new Set(ids), times };
    }),
  );
}

/** Calls that no channel is judged by: of no message, or of one that has no business with this platform. */
export const strays = ({ sandboxes }: Platforms): SandboxCall[] =>
  Object.entries(sandboxes).flatMap(([platform, { journal }]) => {
    const lanes = LANES.filter((lane) => lane.platform === platform);
    return journal
      .calls()
      .filter(({ content }) => !lanes.some(({ name }) => idInContent(content)?.startsWith(`${name}-`)));
  });

/** Several channels share a simulated platform: a message's text tells whose it is. */
const callsOf = (lane: Lane, sandboxes: Platforms['sandboxes']): SandboxCall[] =>
  sandboxes[lane.platform].journal
    .calls()
    .filter(({ content }) => idInContent(content)?.startsWith(`${lane.name}-`) ?? false);
