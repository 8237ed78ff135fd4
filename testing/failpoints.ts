import type { Entry } from '../src/jobs/envelope.ts';
import { placeOf } from '../src/jobs/leave.ts';
import type { Disposition } from '../src/outcome.ts';
import type { Wrappers } from '../src/workers/running-store.ts';

/**
 * The steps of the pipeline at which a worker can be made to fail, in their order: when a job of many is picked up again, with
 * what of it is over; before admission is asked for, with the grant, before the request is written, with the platform's answer,
 * with a settlement, with the settlement that ends the run, before the queue's verb; before and after a message leaves a job
 * of many.
 */
export const STEPS = [
  'passing_over',
  'admitting',
  'granted',
  'writing',
  'answered',
  'settled',
  'ended',
  'disposing',
  'leaving',
  'left',
] as const;
export type Step = (typeof STEPS)[number];

/** What happens, once, when the next message reaches the step. */
export type Failpoint = Place & (Death | Block);

interface Place {
  at: Step;
  /** Only at a message in the middle of a job of many, or of a campaign's job. */
  inMany?: boolean | 'campaign' | undefined;
}

/** As by `kill -9`. */
interface Death {
  does: 'die';
}

/** The event loop is blocked. */
interface Block {
  does: 'block';
  ms: number;
}

export interface Failpoints {
  /** One at a time: a new one replaces one that was not reached. */
  arm(failpoint: Failpoint): void;
  /** Wrappers around a worker's parts, which production does not have. */
  readonly wrappers: Wrappers;
}

/** @param onReached called synchronously before it happens, since a dead process reports nothing */
export function createFailpoints(onReached: (failpoint: Failpoint) => void): Failpoints {
  let armed: Failpoint | undefined;
  /** The messages that are in hand in the middle of a job of many: whether it is a campaign's, by the message's id. */
  const inMany = new Map<string, boolean>();

  function reach(step: Step, id: string): void {
    if (armed?.at !== step || (armed.inMany && !isMeant(armed.inMany, inMany.get(id)))) return;
    const failpoint = armed;
    armed = undefined;
    onReached(failpoint);
    if (failpoint.does === 'die') die();
    else block(failpoint.ms);
  }

  async function inManyWhile<T>(entry: Entry, act: () => Promise<T>): Promise<T> {
    const id = idOf(entry);
    inMany.set(id, CAMPAIGN_ORIGIN.test(placeOf(entry).origin));
    try {
      return await act();
    } finally {
      inMany.delete(id);
    }
  }

  return {
    arm(failpoint) {
      armed = failpoint;
    },
    wrappers: {
      ledger: (ledger) => ({
        async admit(message) {
          reach('admitting', message.id);
          const admitted = await ledger.admit(message);
          if (admitted.verdict.kind === 'granted') reach('granted', message.id);
          return admitted;
        },
        async settle(settlement) {
          const settled = await ledger.settle(settlement);
          if (settlement.effect !== 'none') reach('settled', settlement.message.id);
          if (settlement.final) reach('ended', settlement.message.id);
          return settled;
        },
      }),
      client: (client) => ({
        ...(client.confirm && { confirm: client.confirm.bind(client) }),
        close: () => client.close(),
        async send(request) {
          reach('writing', request.id);
          const outcome = await client.send(request);
          reach('answered', request.id);
          return outcome;
        },
      }),
      pipeline: (pipeline) => ({
        ...pipeline,
        async deliver(entry) {
          async function deliver(): Promise<Disposition> {
            const disposition = await pipeline.deliver(entry);
            reach('disposing', idOf(entry));
            return disposition;
          }
          return await (isInMany(entry) ? inManyWhile(entry, deliver) : deliver());
        },
      }),
      partialJobs: (partialJobs) => ({
        ...partialJobs,
        async ended(entries) {
          const ended = await partialJobs.ended(entries);
          const [first] = ended;
          if (first) await inManyWhile(first, async () => reach('passing_over', idOf(first)));
          return ended;
        },
        leave: async (leaving) =>
          await inManyWhile(leaving.entry, async () => {
            reach('leaving', idOf(leaving.entry));
            await partialJobs.leave(leaving);
            reach('left', idOf(leaving.entry));
          }),
      }),
    },
  };
}

function idOf(entry: Entry): string {
  if (entry.kind === 'newer') return entry.origin;
  return (entry.kind === 'invalid' ? entry : entry.delivery).ledger.id;
}

/** Whether it is delivered by the job of many that it was enqueued with, and is not the first of it. */
function isInMany(entry: Entry): boolean {
  if (entry.kind !== 'delivery') return false;
  const { ref, ledger } = entry.delivery;
  return ledger.jobId.startsWith(`${ref.jobId}:`) && ledger.jobId !== `${ref.jobId}:0`;
}

const CAMPAIGN_ORIGIN = /^c\d+_/;

const isMeant = (inMany: true | 'campaign', isOfCampaign: boolean | undefined): boolean =>
  inMany === true ? isOfCampaign !== undefined : isOfCampaign === true;

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  // The signal is not delivered at once; nothing may happen until it is.
  for (;;);
}

function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
