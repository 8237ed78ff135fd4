import { writeSync } from 'node:fs';
import type { Wrappers } from '../src/workers/channel.ts';
import { idOf } from './messages.ts';

/**
 * The steps of the pipeline at which a worker can be stopped, in their order: before admission is asked for, with the
 * grant, before the request is written, with the platform's answer, with the settlement, before the queue's verb.
 */
export const STEPS = ['admitting', 'granted', 'writing', 'answered', 'settled', 'disposing'] as const;
export type Step = (typeof STEPS)[number];

/** What happens at the next message that reaches the step. */
export type Ambush =
  | { at: Step; does: 'die' }
  /** The event loop stands still. */
  | { at: Step; does: 'block'; ms: number };

export interface Ambushes {
  set(ambush: Ambush): void;
  /** Around the parts of a worker; the composition root of production has no such thing. */
  readonly wrappers: Wrappers;
}

/** @param tell hears, at once, of what is about to happen: nothing can be told after a death */
export function createAmbushes(tell: (line: string) => void): Ambushes {
  let waiting: Ambush | undefined;

  function reach(step: Step): void {
    if (waiting?.at !== step) return;
    const ambush = waiting;
    waiting = undefined;
    tell(`ambush ${step} ${ambush.does}`);
    if (ambush.does === 'die') die();
    else stand(ambush.ms);
  }

  return {
    set(ambush) {
      waiting = ambush;
    },
    wrappers: {
      ledger: (ledger) => ({
        async admit(message) {
          reach('admitting');
          const admitted = await ledger.admit(message);
          if (admitted.verdict.kind === 'granted') reach('granted');
          return admitted;
        },
        async settle(settlement) {
          const settled = await ledger.settle(settlement);
          if (settlement.effect !== 'none') reach('settled');
          return settled;
        },
      }),
      client: (client) => ({
        ...(client.confirm && { confirm: client.confirm.bind(client) }),
        close: () => client.close(),
        async send(request) {
          reach('writing');
          const outcome = await client.send(request);
          reach('answered');
          return outcome;
        },
      }),
      pipeline: (pipeline, { name }) => ({
        ...pipeline,
        async deliver(job) {
          tell(`take ${name} ${job.id} ${idOf(job.text) ?? job.id}`);
          const disposition = await pipeline.deliver(job).catch((error: unknown) => {
            tell(`left ${name} ${job.id}`);
            throw error;
          });
          reach('disposing');
          tell(`done ${name} ${job.id}`);
          return disposition;
        },
      }),
    },
  };
}

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  // The signal arrives in its own time; nothing may happen until then.
  for (;;);
}

function stand(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Written before the call returns: a process that dies next has told it. */
export const tellOn =
  (fd: number) =>
  (line: string): void =>
    void writeSync(fd, `${line}\n`);
