import type { Redis } from 'ioredis';
import { DatabaseRefusedError } from './connection-errors.ts';
import { connectionTrouble, isRefusedDatabase } from './errors.ts';

/** The state of one call of a producer on its connection. */
export interface Call {
  over: boolean;
  /** Whether a command of the call was sent. */
  sent: boolean;
  /** The last reply, if it was a temporary refusal. */
  refusal?: unknown;
  /** The gate that it passed or waits at. */
  gate: ReadyGate;
  /** Stops waiting for the connection. */
  forget?: () => void;
}

/** Lets calls wait for the connection, and reports why there is none. */
export interface ReadyGate {
  /** Resolves once the connection is ready; never if the call ends before that. */
  ready(call: Call): Promise<void>;
  /** The last error of the connection, as the predicate of a sentence. */
  trouble(): string;
  /** @throws DatabaseRefusedError if the connection is ready, but on another database */
  checkDatabase(): void;
}

/** Uses one listener for any number of waiting calls. */
export function readyGate(client: Redis): ReadyGate {
  let lastError: unknown;
  let databaseRefusal: Error | undefined;
  const waiting = new Set<() => void>();
  client.on('connect', () => {
    databaseRefusal = undefined;
  });
  client.on('error', (error: Error) => {
    if (isRefusedDatabase(error)) databaseRefusal = error;
    lastError = error;
  });
  client.on('ready', () => {
    lastError = undefined;
    for (const wake of waiting) wake();
    waiting.clear();
  });
  return {
    trouble: () => (lastError === undefined ? 'did not answer' : connectionTrouble(lastError)),
    checkDatabase() {
      if (databaseRefusal) throw new DatabaseRefusedError(client.options.db, databaseRefusal.message);
    },
    async ready(call) {
      if (call.over || client.status === 'ready') return;
      // Rejects when Redis is unreachable; the retry strategy continues, and `ready` is emitted when it succeeds.
      if (client.status === 'wait') client.connect().catch(() => {});
      await new Promise<void>((resolve) => {
        waiting.add(resolve);
        call.forget = () => waiting.delete(resolve);
      });
    },
  };
}
