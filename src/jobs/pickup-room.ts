/**
 * Decides whether a worker picks up another job. It does as long as its backlog is below its concurrency: a further job of many would
 * only be held. How many messages a job has is known once it was read, so jobs of many are read one at a time.
 */
export interface PickupRoom {
  /** Whether there is no room for another job of many. */
  isFull(): boolean;
  /** To be asked before each pickup. */
  mayPickUp(): boolean;
  /** Call when a job of many was picked up; `opened` follows once it is processed. */
  pickedUp(): void;
  opened(): void;
  /** Reads a job of many. There is no room for another one meanwhile. */
  reading<T>(read: () => Promise<T>): Promise<T>;
  /** Call when a message has started: there may be room again. */
  started(): void;
  /** Call when jobs that were picked up and not opened will never be. */
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
  /** Whether a pickup was refused for want of room; whether one is allowed nevertheless; and the timer that allows the next. */
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
      // BullMQ asks twice for each pickup, and picks up all it can before it processes any job. So the permission lasts until a job of
      // many was picked up, and all single messages that wait before that one come along.
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
