import { setMaxListeners } from 'node:events';

/** What a signal is to abort. */
export interface Abortable {
  /** Its place among those of the same signal, which the watch keeps up to date; -1 while it is not watched. */
  place: number;
  /** The signal aborted. */
  handleEvent(): void;
}

const watches = new WeakMap<AbortSignal, AbortWatch>();

/**
 * Those whom a signal is to abort, behind one listener: a signal watches over hundreds of requests. Its listeners are a
 * linked list, in which one that is gone, and has grown old in the heap, keeps all that came after it: with a listener
 * each, every request and what it refers to outlived the young generation, at a tenth of a busy worker's time. A set
 * does the same to a part of them, since it makes a new table every so often, and the old one keeps what it had: hence a
 * list in which each knows its place.
 */
export class AbortWatch {
  readonly #requests: Abortable[] = [];

  /** The watch of a signal: always the same one. */
  static of(signal: AbortSignal): AbortWatch {
    let watch = watches.get(signal);
    if (watch === undefined) {
      watch = new AbortWatch(signal);
      watches.set(signal, watch);
    }
    return watch;
  }

  private constructor(signal: AbortSignal) {
    // Others may listen as well, and Node takes more than ten for a leak.
    setMaxListeners(0, signal);
    signal.addEventListener('abort', () => this.#abort(), { once: true });
  }

  add(request: Abortable): void {
    request.place = this.#requests.push(request) - 1;
  }

  delete(request: Abortable): void {
    const { place } = request;
    if (place < 0) return;
    request.place = -1;
    const last = this.#requests.pop() as Abortable;
    if (last === request) return;
    this.#requests[place] = last;
    last.place = place;
  }

  #abort(): void {
    // Each that ends leaves the list.
    for (const request of [...this.#requests]) request.handleEvent();
  }
}
