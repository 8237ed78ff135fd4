/**
 * Passes on what a source yields, and `undefined` whenever it has yielded nothing for `everyMs`; asks the source for one item at a
 * time. A promise may stay pending for days, so none is awaited repeatedly: each await would leave a listener on it.
 * @param also when it resolves, one more `undefined` is yielded
 */
export async function* withPauses<T>(
  source: AsyncGenerator<T, void, undefined>,
  everyMs: number,
  also: Promise<unknown>,
): AsyncGenerator<T | undefined, void, undefined> {
  let result: IteratorResult<T, void> | undefined;
  let failure: { error: unknown } | undefined;
  let asking = false;
  let wake = (): void => {};
  const ask = (): void => {
    asking = true;
    source.next().then(
      (next) => {
        result = next;
        wake();
      },
      (error: unknown) => {
        failure = { error };
        wake();
      },
    );
  };
  const woken = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, everyMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  also.then(() => wake());
  try {
    for (;;) {
      if (!asking) ask();
      if (!result && !failure) await woken();
      if (failure) throw failure.error;
      if (result?.done) return;
      const value = result?.value;
      if (result) asking = false;
      result = undefined;
      yield value;
    }
  } finally {
    // Not awaited: it returns only after the source's pending item.
    source.return().catch(() => {});
  }
}
