import { setImmediate as endOfTurn } from 'node:timers/promises';

interface Waiting<T, R> {
  item: T;
  resolve: (result: R) => void;
  reject: (error: unknown) => void;
}

/**
 * Joins the calls of one turn of the event loop. Unlike `coalesce`, what is joined begins with the first of its calls, so that
 * its timeout counts from there and a close that follows waits for it, and it fails as a whole.
 * @param begin starts what is joined; it awaits `items` when it is about to need them, and answers in their order
 * @param max calls joined at most
 */
export function gather<T, R>(
  begin: (items: () => Promise<readonly T[]>) => Promise<readonly R[]>,
  max: number,
): (item: T) => Promise<R> {
  let open: Waiting<T, R>[] | undefined;

  function start(): Waiting<T, R>[] {
    const calls: Waiting<T, R>[] = [];
    const seal = (): void => {
      if (open === calls) open = undefined;
    };
    const items = async (): Promise<readonly T[]> => {
      await endOfTurn();
      seal();
      return calls.map(({ item }) => item);
    };
    begin(items).then(
      (results) => {
        for (const [i, { resolve }] of calls.entries()) resolve(results[i] as R);
      },
      (error: unknown) => {
        seal();
        for (const { reject } of calls) reject(error);
      },
    );
    return calls;
  }

  return (item) =>
    new Promise((resolve, reject) => {
      open ??= start();
      const calls = open;
      if (calls.push({ item, resolve, reject }) === max) open = undefined;
    });
}
