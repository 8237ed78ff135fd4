import type { Wrappers } from '../src/workers/channel.ts';

/**
 * The steps of the pipeline at which a worker can be made to fail, in their order: before admission is asked for, with the
 * grant, before the request is written, with the platform's answer, with a settlement, with the settlement that ends the
 * run, before the queue's verb.
 */
export const STEPS = [
  'admitting',
  'granted',
  'writing',
  'answered',
  'settled',
  'ended',
  'disposing',
] as const;
export type Step = (typeof STEPS)[number];

/** What happens at the next message that reaches the step, once. */
export type Failpoint =
  /** As by `kill -9`. */
  | { at: Step; does: 'die' }
  /** The event loop is blocked. */
  | { at: Step; does: 'block'; ms: number };

export interface Failpoints {
  /** One at a time: a new one takes the place of one that was not reached. */
  arm(failpoint: Failpoint): void;
  /** Around the parts of a worker; the composition root of production has no such thing. */
  readonly wrappers: Wrappers;
}

/** @param onReached called, synchronously, before it happens: a dead process reports nothing */
export function createFailpoints(onReached: (failpoint: Failpoint) => void): Failpoints {
  let armed: Failpoint | undefined;

  function reach(step: Step): void {
    if (armed?.at !== step) return;
    const failpoint = armed;
    armed = undefined;
    onReached(failpoint);
    if (failpoint.does === 'die') die();
    else block(failpoint.ms);
  }

  return {
    arm(failpoint) {
      armed = failpoint;
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
          if (settlement.final) reach('ended');
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
      pipeline: (pipeline) => ({
        ...pipeline,
        async deliver(entry) {
          const disposition = await pipeline.deliver(entry);
          reach('disposing');
          return disposition;
        },
      }),
    },
  };
}

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  // The signal is not delivered at once; nothing may happen until it is.
  for (;;);
}

function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
