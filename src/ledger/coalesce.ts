/**
 * Joins calls made in the same turn of the event loop into one: at high concurrency a round trip costs the worker more
 * in work for each call than in waiting, so fewer calls win. To wait for the call under way as well joins no more (0.09
 * calls a message either way): where a worker is busy, a turn takes longer than a round trip.
 *
 * `run` gets the items in the order of the calls and answers in that order. When a joined call fails although the
 * store answered, every item is tried alone, so that one bad item cannot take the others with it; `run` must therefore
 * be safe to repeat.
 */
export function coalesce<T, R>(
  run: (items: readonly T[]) => Promise<R[]>,
  { max, refusedByStore }: { max: number; refusedByStore: (error: unknown) => boolean },
): (item: T) => Promise<R> {
  interface Call {
    item: T;
    resolve: (result: R) => void;
    reject: (error: unknown) => void;
  }
  let pending: Call[] = [];

  const perform = async (calls: Call[]): Promise<void> => {
    try {
      const results = await run(calls.map((call) => call.item));
      for (const [i, call] of calls.entries()) call.resolve(results[i] as R);
    } catch (error) {
      if (calls.length > 1 && refusedByStore(error)) {
        for (const call of calls) await perform([call]);
      } else {
        for (const call of calls) call.reject(error);
      }
    }
  };
  const flush = (): void => {
    const calls = pending;
    pending = [];
    for (let i = 0; i < calls.length; i += max) void perform(calls.slice(i, i + max));
  };

  return (item) =>
    new Promise((resolve, reject) => {
      if (pending.push({ item, resolve, reject }) === 1) setImmediate(flush);
    });
}
