import { setImmediate as endOfTurn } from 'node:timers/promises';

interface Waiting<T, R> {
  item: T;
  resolve: (result: R) => void;
  reject: (error: unknown) => void;
}

/**
 * Joins the calls of one turn of the event loop into one. Unlike with `coalesce`, the joined call begins with the first of its calls: its
 * timeout counts from there, and a close that follows waits for it. It fails as a whole.
 * @param begin starts the joined call. It awaits `items` when it needs them, at the end of the turn, and answers in their order
 * @param max how many calls are joined at most
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
