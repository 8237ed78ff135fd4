/**
 * Decides whether a worker picks up another job: as long as the messages in hand are no more than can start in a while, since
 * further jobs of many would only be held. How many messages a job has shows when it was read, so one is read at a time.
 */
export interface PickupRoom {
  /** Whether there is no room for another job of many. */
  isFull(): boolean;
  /** To be asked before each pickup. */
  mayPickUp(): boolean;
  /** A job of many was picked up; `opened` follows once it is processed. */
  pickedUp(): void;
  opened(): void;
  /** Reads a job of many: there is no room for another meanwhile. */
  reading<T>(read: () => Promise<T>): Promise<T>;
  /** A message has started: there may be room again. */
  started(): void;
  /** What was picked up and not opened will not be. */
  reset(): void;
}

export interface PickupRoomOptions {
  concurrency: number;
  /** The number of messages that wait for their start. */
  backlog(): number;
  /** Lets the worker ask again. */
  wake(): void;
}

/**
 * How often a worker with no room for jobs of many picks up one nevertheless: it may be a single message, which goes first.
 */
const LOOK_PAST_MS = 500;

export function createPickupRoom({ concurrency, backlog, wake }: PickupRoomOptions): PickupRoom {
  /** Jobs of many that were picked up, and are not read yet. */
  let unread = 0;
  /** Whether a pickup was refused for want of room; whether one is allowed nevertheless, and the timer for the next such. */
  let refused = false;
  let looking = false;
  let look: NodeJS.Timeout | undefined;

  const isFull = (): boolean => unread > 0 || backlog() >= concurrency;

  function pickUpAgain(): void {
    refused = false;
    clearTimeout(look);
    look = undefined;
    wake();
  }

  function opened(): void {
    unread = Math.max(0, unread - 1);
  }

  return {
    isFull,
    opened,
    mayPickUp() {
      if (!isFull() || looking) return true;
      refused = true;
      look ??= setTimeout(() => {
        looking = true;
        pickUpAgain();
      }, LOOK_PAST_MS).unref();
      return false;
    },
    pickedUp() {
      unread += 1;
      // BullMQ asks twice for a pickup, and picks up what there is before it processes any: so a look lasts until it met a job
      // of many, and single messages that wait are all picked up by one.
      looking = false;
    },
    reading(read) {
      unread += 1;
      return read().finally(opened);
    },
    started() {
      if (refused && !isFull()) pickUpAgain();
    },
    reset() {
      unread = 0;
    },
  };
}
