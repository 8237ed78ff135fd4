import { setMaxListeners } from 'node:events';

/** Something that a signal aborts. */
export interface Abortable {
  /** Its place among those of the same signal, which the watch keeps up to date; -1 while it is not watched. */
  place: number;
  /** The signal aborted. */
  handleEvent(): void;
}

const watches = new WeakMap<AbortSignal, AbortWatch>();

/**
 * What a signal aborts, behind one listener: hundreds of requests share a signal. Listeners are a linked list, in which a removed one
 * that has reached the old generation keeps all later ones alive. With a listener each, every request and what it refers to outlived the
 * young generation, which cost a tenth of a busy worker's time. A set does the same to some of them, since it grows by making a new
 * table, and the old table keeps what it had: hence a list in which each request knows its place.
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
    // Others may listen too, and Node warns of a leak beyond ten listeners.
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
