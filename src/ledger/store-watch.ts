import type { Redis } from 'ioredis';

/**
 * Notices that another store answers on the connection: Redis was restarted, or a replica took over. What the old one
 * acknowledged last may be missing in it, so whoever has something to tell it does so before anything else is asked.
 */
export interface StoreWatch {
  /** Resolves when the connected store has been told; undefined while nothing has to be waited for. */
  pending(): Promise<void> | undefined;
  onChange(tell: () => Promise<void>): void;
  stop(): void;
}

export function watchStore(redis: Redis, onError: (error: unknown) => void): StoreWatch {
  const tellers: (() => Promise<void>)[] = [];
  let known: string | undefined;
  let open: (() => void) | undefined;
  let gate: Promise<void> | undefined;

  const shut = (): void => {
    gate ??= new Promise((resolve) => {
      open = () => {
        gate = undefined;
        resolve();
      };
    });
  };
  const check = async (): Promise<void> => {
    try {
      const id = /run_id:(\w+)/.exec(await redis.info('server'))?.[1];
      if (known !== undefined && id !== known) await Promise.all(tellers.map((tell) => tell()));
      known = id;
      open?.();
    } catch (error) {
      // The connection went away again; the next one is checked anew.
      onError(error);
    }
  };
  const ready = (): void => void check();
  redis.on('close', shut);
  redis.on('ready', ready);
  return {
    pending: () => gate,
    onChange: (tell) => void tellers.push(tell),
    stop() {
      redis.off('close', shut);
      redis.off('ready', ready);
      open?.();
    },
  };
}
