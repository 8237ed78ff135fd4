// biome-ignore-all lint/suspicious/noThenProperty: it is replaced to count its calls

/**
 * How often the promise was listened to that was listened to most, while the work ran. `Promise.race` leaves a listener behind on each
 * promise that stays pending, so what is raced again and again with the same one grows for as long as that lives.
 */
export async function mostListeners(work: () => Promise<void>): Promise<number> {
  const counts = new WeakMap<object, number>();
  const { prototype } = Promise;
  const { then } = prototype;
  let most = 0;
  prototype.then = function (this: Promise<unknown>, ...reactions) {
    const count = (counts.get(this) ?? 0) + 1;
    counts.set(this, count);
    most = Math.max(most, count);
    return then.apply(this, reactions as never) as never;
  };
  try {
    await work();
  } finally {
    prototype.then = then;
  }
  return most;
}
