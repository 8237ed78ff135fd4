import { createDirectoryMark } from '../channels/directory-mark.ts';
import { announceChannels } from '../channels/registry.ts';
import type { Logger } from '../observe/log.ts';
import { isRefusal, refusesWrites } from '../redis/errors.ts';
import { AccountTakenError } from './account-claim.ts';
import type { RunningChannel } from './channel.ts';
import type { ServedStore } from './maintenance.ts';
import { QuotaChangedError, ShardsChangedError } from './policy-change.ts';
import type { WorkerStore } from './worker-store.ts';
import type { WorkerStores } from './worker-stores.ts';

/**
 * Writes what Redis has to know of the channels beside their messages: claims of accounts, policies, and announcements in the directory. At
 * the start, and after a failover or a FLUSHALL that may have lost it.
 */
export interface Preparation {
  /** The error because of which a part cannot be prepared until an operator resolves it. */
  lastingError(part: WorkerStore): Error | undefined;
}

export interface PreparationDeps {
  stores: WorkerStores;
  servedBy(part: WorkerStore): ServedStore[];
  /** Whether the channels of a part are served by now. */
  hasBegun(part: WorkerStore): boolean;
  logger: Logger;
}

/** Only an operator can resolve them. */
const CONFLICTS = [QuotaChangedError, ShardsChangedError, AccountTakenError] as const;

/** Prepares each part when its failover detector asks for it. */
export function createPreparation({ stores, servedBy, hasBegun, logger }: PreparationDeps): Preparation {
  const mark = createDirectoryMark(stores.queues.directory);
  const prepared = new Set<RunningChannel>();
  const lastingErrors = new Map<WorkerStore, Error>();

  /** Errors that only an operator can fix abort the start; later, they must not stop the other channels. */
  function noteLastingError(part: WorkerStore, error: unknown): void {
    const lasting = CONFLICTS.some((kind) => error instanceof kind) || isRefusal(error);
    if (!lasting || refusesWrites(error)) throw error;
    lastingErrors.set(part, error as Error);
    if (hasBegun(part))
      logger.error({ error: String(error) }, 'channel could not be prepared after an outage');
  }

  /** @returns the channels whose homes lie in the part */
  async function prepare(part: WorkerStore): Promise<RunningChannel[]> {
    const homes: RunningChannel[] = [];
    for (const { channel, store } of servedBy(part)) {
      const isHome = store === channel.stores[0];
      if (isHome) channel.examine();
      await store.prepare().then(
        () => void (isHome && homes.push(channel)),
        (error) => {
          if (isHome) prepared.delete(channel);
          noteLastingError(part, error);
        },
      );
    }
    for (const channel of homes) prepared.add(channel);
    return homes;
  }

  /** Renews in the directory what belongs to channels of other parts: their accounts. @returns these channels, to be announced */
  async function renewAccounts(): Promise<RunningChannel[]> {
    const elsewhere = [...prepared].filter(({ stores: [home] }) => home.part !== stores.directory);
    for (const {
      stores: [home],
    } of elsewhere)
      await home.lease.renewAccount().catch((error) => noteLastingError(stores.directory, error));
    return elsewhere;
  }

  /** Announces the channels. A worker whose policy is not the one in force announces nothing: others must learn what is in force. */
  async function announce(channels: readonly RunningChannel[]): Promise<void> {
    const inForce = channels.filter(({ stores: [home] }) => !home.lease.stopped());
    await announceChannels(
      stores.queues.directory,
      inForce.map(({ config }) => config),
    );
  }

  for (const part of stores.all()) {
    if (part === stores.directory) continue;
    const restore = async (): Promise<number> => {
      await announce(await prepare(part));
      return 0;
    };
    part.watch.add({ restore, holds: async () => true });
  }
  stores.directory.watch.add({
    async restore() {
      await announce([...(await prepare(stores.directory)), ...(await renewAccounts())]);
      await mark.set();
      return 0;
    },
    holds: mark.holds,
  });
  return { lastingError: (part) => lastingErrors.get(part) };
}
