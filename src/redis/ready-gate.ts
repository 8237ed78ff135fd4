import type { Redis } from 'ioredis';
import { DatabaseRefusedError } from './connection-errors.ts';
import { connectionTrouble, isRefusedDatabase } from './errors.ts';

/** One call of the producer's, as far as its connection is concerned. */
export interface Call {
  over: boolean;
  /** A command of the call left for Redis. */
  sent: boolean;
  /** The last answer, where it was a refusal that may pass. */
  refusal?: unknown;
  /** Takes the call out of those that wait for the connection. */
  forget?: () => void;
}

/** Where calls wait for the connection, and learn why there is none. */
export interface ReadyGate {
  /** Resolves once the connection is ready; never, when the call is over before. */
  ready(call: Call): Promise<void>;
  /** What the connection did last instead of answering. */
  trouble(): string;
  /** @throws DatabaseRefusedError when the connection that is ready is one to another database */
  checkDatabase(): void;
}

/** One listener for however many calls wait. */
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
      // Fails when Redis is away; the retry strategy continues anyway and `ready` fires when it succeeds.
      if (client.status === 'wait') client.connect().catch(() => {});
      await new Promise<void>((resolve) => {
        waiting.add(resolve);
        call.forget = () => waiting.delete(resolve);
      });
    },
  };
}
