/**
 * Joins calls into one: those made in the same turn of the event loop, and, as long as they are few, those made while an earlier call
 * is under way. On a busy worker, a call costs more in work than in waiting, so fewer calls win.
 *
 * `run` gets the items in the order of the calls, and answers in that order. If the store refuses a joined call, every item is tried
 * alone, so that one bad item does not fail the others; `run` must therefore be safe to repeat.
 */
export function coalesce<T, R>(
  run: (items: readonly T[]) => Promise<R[]>,
  { max, refusedByStore }: { max: number; refusedByStore: (error: unknown) => boolean },
): Coalesced<T, R> {
  interface Call {
    item: T;
    resolve: (result: R) => void;
    reject: (error: unknown) => void;
  }
  let pending: Call[] = [];
  let scheduled = false;
  let underWay = 0;

  const perform = async (calls: Call[]): Promise<void> => {
    try {
      const results = await run(calls.map((call) => call.item));
      for (let i = 0; i < calls.length; i += 1) calls[i]!.resolve(results[i] as R);
    } catch (error) {
      if (calls.length > 1 && refusedByStore(error)) {
        for (const call of calls) await perform([call]);
      } else {
        for (const call of calls) call.reject(error);
      }
    }
  };
  const begin = async (calls: Call[]): Promise<void> => {
    underWay += 1;
    await perform(calls);
    underWay -= 1;
    if (pending.length > 0) schedule();
  };
  const flush = (): void => {
    const calls = pending;
    pending = [];
    for (let i = 0; i < calls.length; i += max) void begin(calls.slice(i, i + max));
  };
  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      if (underWay === 0 || pending.length >= WORTH_A_CALL) flush();
    });
  };

  return {
    flush,
    call: (item) =>
      new Promise((resolve, reject) => {
        pending.push({ item, resolve, reject });
        schedule();
      }),
  };
}

export interface Coalesced<T, R> {
  call(item: T): Promise<R>;
  /** Makes the call for what waits to be joined. */
  flush(): void;
}

/** So many do not wait for an earlier call to end, which may take long: among so many, the cost of a call of their own is small. */
const WORTH_A_CALL = 48;
