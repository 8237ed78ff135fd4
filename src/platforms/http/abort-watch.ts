import { setMaxListeners } from 'node:events';

/** What a signal is to abort. */
export interface Abortable {
  /** The signal aborted. */
  handleEvent(): void;
}

/**
 * Those whom each signal is to abort, behind one listener: a signal watches over hundreds of requests. Its listeners are a
 * linked list, in which one that is gone, and has grown old in the heap, keeps all that came after it: with a listener
 * each, every request and what it refers to outlived the young generation, at a tenth of a busy worker's time.
 */
const watched = new WeakMap<AbortSignal, Set<Abortable>>();

export function watch(signal: AbortSignal, request: Abortable): void {
  const known = watched.get(signal);
  if (known) known.add(request);
  else listen(signal).add(request);
}

export function unwatch(signal: AbortSignal, request: Abortable): void {
  watched.get(signal)?.delete(request);
}

function listen(signal: AbortSignal): Set<Abortable> {
  const requests = new Set<Abortable>();
  watched.set(signal, requests);
  // Others may listen as well, and Node takes more than ten for a leak.
  setMaxListeners(0, signal);
  const abortAll = (): void => {
    for (const request of requests) request.handleEvent();
  };
  signal.addEventListener('abort', abortAll, { once: true });
  return requests;
}
