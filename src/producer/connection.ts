import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';
import { misdirected } from '../redis/cluster-node.ts';
import { openProducerStores } from '../redis/connections.ts';
import { isLostConnection, isPassingRefusal, isRefusal } from '../redis/errors.ts';
import type { RedisOption } from '../redis/option.ts';
import { type Call, type ReadyGate, readyGate } from '../redis/ready-gate.ts';
import type { Stores } from '../redis/stores.ts';
import { type PausableTimeout, pausableTimeout, withTimeout } from '../timeout.ts';
import { ProducerClosedError, ProducerRefusedError, ProducerTimeoutError } from './errors.ts';

/** Runs a command on one of the producer's connections and retries it after that was lost, so it must be idempotent. */
export type Attempt = <T>(on: Redis, command: () => Promise<T>) => Promise<T>;

/** Runs work of a call that does not use Redis: its time does not count towards the call's timeout. */
export type Aside = PausableTimeout['aside'];

/** The producer's own connections: every call ends within its timeout, and the connections recover by themselves. */
export interface ProducerConnection {
  readonly stores: Stores;
  /**
   * Runs one call of the producer, of any number of commands, each through `attempt`.
   * @throws ProducerTimeoutError, ProducerRefusedError, DatabaseRefusedError, ProducerClosedError; RedisUnreachableError at one node
   *   of a cluster
   */
  call<T>(operation: string, body: (attempt: Attempt, aside: Aside) => Promise<T>): Promise<T>;
  /** Waits for the calls in progress, then disconnects. */
  close(): Promise<void>;
}

const RETRY_PAUSE_MS = 25;
/** The pause after a temporary refusal: a replica is promoted, or the connection moves to the primary, within seconds. */
const REFUSED_PAUSE_MS = 250;

/**
 * @param redis a URL, or an instance, which is duplicated and not changed
 * @throws TypeError for what is neither
 */
export function openConnection(
  redis: RedisOption,
  timeoutMs: number,
  clock: Pick<Clock, 'monotonic'>,
): ProducerConnection {
  const gates = new Map<Redis, ReadyGate>();
  const stores = openProducerStores(redis, {
    ...{ timeoutMs, clock },
    onOpen: (client) => gates.set(client, readyGate(client)),
  });
  const calls = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;

  const timedOut = (operation: string, { gate, sent }: Call): ProducerTimeoutError =>
    new ProducerTimeoutError(operation, timeoutMs, gate.trouble(), sent);

  async function persist<T>(
    operation: string,
    call: Call,
    client: Redis,
    command: () => Promise<T>,
  ): Promise<T> {
    const gate = gates.get(client)!;
    for (;;) {
      call.gate = gate;
      await gate.ready(call);
      // A call that timed out must not continue in the background.
      if (call.over) throw timedOut(operation, call);
      gate.checkDatabase();
      call.sent = true;
      try {
        return await command();
      } catch (error) {
        if (!isLostConnection(error) && !isPassingRefusal(error)) throw refusal(operation, error);
        const elsewhere = misdirected(client, error);
        if (elsewhere) throw elsewhere;
        call.refusal = isPassingRefusal(error) ? refusal(operation, error) : undefined;
      }
      await pause(call.refusal ? REFUSED_PAUSE_MS : RETRY_PAUSE_MS);
    }
  }

  async function bounded<T>(
    operation: string,
    body: (attempt: Attempt, aside: Aside) => Promise<T>,
  ): Promise<T> {
    const call: Call = { over: false, sent: false, gate: gates.get(stores.directory)! };
    let expire: () => void = () => {};
    const expiry = new Promise<never>((_, reject) => {
      expire = () => {
        call.over = true;
        call.forget?.();
        reject(call.refusal ?? timedOut(operation, call));
      };
    });
    const time = pausableTimeout(timeoutMs, clock, expire);
    const attempt: Attempt = (on, command) => persist(operation, call, on, command);
    try {
      return await Promise.race([expiry, body(attempt, time.aside)]);
    } finally {
      time.stop();
    }
  }

  return {
    stores,
    call(operation, body) {
      if (closing) return Promise.reject(new ProducerClosedError(operation));
      const call = bounded(operation, body);
      calls.add(call);
      const done = (): void => void calls.delete(call);
      call.then(done, done);
      return call;
    },
    close() {
      closing ??= Promise.allSettled(calls).then(async () => {
        await Promise.all([...gates.keys()].map(disconnect));
      });
      return closing;
    },
  };
}

/** ioredis attaches the command with its arguments, and so the content, to the error: only the error's text is passed on. */
function refusal(operation: string, error: unknown): unknown {
  return isRefusal(error) ? new ProducerRefusedError(operation, error.message) : error;
}

const DISCONNECT_GRACE_MS = 500;

/**
 * No QUIT: nothing is outstanding. Between two attempts to connect there is no socket, and ioredis emits no `end` then; a
 * frozen peer never answers the FIN, so its socket is destroyed.
 */
async function disconnect(client: Redis): Promise<void> {
  const socket = client.stream as Socket | undefined;
  client.disconnect();
  if (!socket || socket.destroyed) return;
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await withTimeout(closed, DISCONNECT_GRACE_MS, () => {
    socket.destroy();
    return closed;
  });
}
