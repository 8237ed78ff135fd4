import {
  type Installation,
  type InstallationOptions,
  type InstallationParts,
  viewInstallation,
} from '../channels/installation.ts';
import { HeraldError } from '../error.ts';
import { RedisUnreachableError } from '../redis/connection-errors.ts';
import { connectOperator } from '../redis/connections.ts';
import { isLostConnection } from '../redis/errors.ts';
import type { Stores } from '../redis/stores.ts';

/** A call on a closed admin. */
export class AdminClosedError extends HeraldError {
  override readonly name = 'AdminClosedError';
  readonly code = 'HERALD_ADMIN_CLOSED';
  constructor() {
    super('this admin is closed');
  }
}

/** The connections that all operations of an admin share. Each operation sees the channels as they are at its start. */
export interface Session {
  /**
   * Connects at the first operation, and again if that failed.
   * @throws RedisUnreachableError if Redis is unreachable, or the connection is lost; DatabaseRefusedError, AdminClosedError
   */
  run<T>(operation: (installation: Installation) => Promise<T>): Promise<T>;
  /** Waits for operations in progress. */
  close(): Promise<void>;
}

export function openSession(options: InstallationOptions, parts: InstallationParts): Session {
  let connection: Promise<Stores> | undefined;
  let closing: Promise<void> | undefined;
  const underWay = new Set<Promise<unknown>>();

  function connect(): Promise<Stores> {
    connection ??= connectOperator(options.redis).catch((error: unknown) => {
      connection = undefined;
      throw error;
    });
    return connection;
  }

  async function within<T>(operation: (installation: Installation) => Promise<T>): Promise<T> {
    const stores = await connect();
    let installation: Installation | undefined;
    try {
      installation = await viewInstallation(stores, options.channels, parts);
      return await operation(installation);
    } catch (error) {
      if (!isLostConnection(error)) throw error;
      throw new RedisUnreachableError('lost the connection to Redis', { cause: error });
    } finally {
      await installation?.close();
    }
  }

  async function close(): Promise<void> {
    await Promise.allSettled(underWay);
    (await connection?.catch(() => undefined))?.disconnect();
  }

  return {
    async run(operation) {
      if (closing) throw new AdminClosedError();
      const running = within(operation);
      underWay.add(running);
      return await running.finally(() => underWay.delete(running));
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}
