import { expect, it } from 'vitest';
import { createPlaces, type Places, type PlacesOptions, type Taken } from '../../src/workers/places.ts';

const never = new AbortController().signal;

function open(options: Partial<PlacesOptions> = {}) {
  const clock = { at: 0, monotonic: () => clock.at };
  return { clock, places: createPlaces({ concurrency: 2, looksAhead: true, clock, ...options }) };
}

/** Takes a place under a name, and notes how that ended. */
function takesOf(places: Places) {
  const taken: [string, Taken][] = [];
  return {
    taken,
    take(name: string, signal = never) {
      const place = places.of(signal);
      void Promise.resolve(place.take()).then((how) => taken.push([name, how]));
      return place;
    },
  };
}
const turn = () => new Promise(setImmediate);

it('has as many as the concurrency: others wait for one to become free, in their order', async () => {
  const { taken, take } = takesOf(open().places);
  const first = take('a');
  for (const name of ['b', 'c', 'd']) take(name);
  await turn();
  expect(taken).toEqual([
    ['a', 'taken'],
    ['b', 'taken'],
  ]);
  first.free();
  await turn();
  expect(taken.slice(2)).toEqual([['c', 'taken']]);
});

it('is freed once, and only where it was taken', async () => {
  const { places } = open();
  const { taken, take } = takesOf(places);
  const first = take('a');
  take('b');
  const waiting = take('c');
  waiting.free();
  places.of(never).free();
  await turn();
  expect(taken).toHaveLength(2);
  first.free();
  first.free();
  take('d');
  await turn();
  expect(taken.slice(2)).toEqual([['c', 'taken']]);
});

it('calls off what waits, and has the next one wait in its stead', async () => {
  const { places } = open();
  const { taken, take } = takesOf(places);
  const first = take('a');
  for (const name of ['b', 'c', 'd']) take(name);
  places.callOff();
  take('e');
  first.free();
  await turn();
  expect(taken.slice(2)).toEqual([
    ['c', 'called_off'],
    ['d', 'called_off'],
    ['e', 'taken'],
  ]);
});

it('gives none to a worker that is closing', async () => {
  const { places } = open();
  const { taken, take } = takesOf(places);
  const closing = new AbortController();
  const first = take('a');
  take('b');
  take('c', closing.signal);
  take('d');
  closing.abort();
  places.look();
  first.free();
  await turn();
  expect(taken.slice(2)).toEqual([
    ['c', 'closing'],
    ['d', 'taken'],
  ]);
});

/** So many places become free at each of these instants, milliseconds. */
function freed(times: Record<number, number>, options: Partial<PlacesOptions> = {}) {
  const { clock, places } = open({ concurrency: 10, ...options });
  for (const [at, count] of Object.entries(times)) {
    clock.at = Number(at);
    for (let i = 0; i < count; i += 1) {
      const place = places.of(never);
      void place.take();
      place.free();
    }
  }
  return (at: number): number => {
    clock.at = at;
    return places.ahead();
  };
}

it('admits as many ahead as became free a moment ago', () => {
  const ahead = freed({ 100: 2, 104: 3, 109: 1 });
  expect([109, 110, 119].map(ahead)).toEqual([0, 6, 6]);
  expect(ahead(120)).toBe(0);
});

it('admits none ahead while none becomes free', () => {
  expect(freed({ 100: 5 })(1_000)).toBe(0);
});

it('admits no more ahead than there are places', () => {
  expect(freed({ 100: 50 })(110)).toBe(10);
});

it('admits none ahead where grants may not wait', () => {
  expect(freed({ 100: 5 }, { looksAhead: false })(110)).toBe(0);
});
