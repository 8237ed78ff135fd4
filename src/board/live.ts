import { setTimeout as pause } from 'node:timers/promises';
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { Screen } from './screen.ts';

/** Redraws screens for those who watch them, by server-sent events from the screen's own address. */
export interface Watching {
  /** @param draw the screen as it is now; undefined once the user may not see it any more */
  stream(c: Context, draw: () => Promise<Screen | undefined>): Promise<Response>;
}

/** Each stream costs a drawing every few seconds. Screens beyond these do not update. */
const MOST_STREAMS = 100;
/** A stream ends after this long, so that one that nobody reads is not drawn for ever; browsers open another. */
const LONGEST_MS = 10 * 60_000;
/** After how many unchanged drawings a stream shows that it is alive. */
const QUIET_DRAWINGS = 5;

/** @param onError told why a stream broke off; browsers open another */
export function createWatching(closing: AbortSignal, onError: (error: unknown) => void): Watching {
  let open = 0;
  return {
    async stream(c, draw) {
      const first = await draw();
      // 204 tells a browser not to reconnect.
      if (!first || open >= MOST_STREAMS) return c.body(null, 204);
      open += 1;
      return streamSSE(c, async (stream) => {
        const ended = new AbortController();
        stream.onAbort(() => ended.abort());
        const signal = AbortSignal.any([ended.signal, closing, AbortSignal.timeout(LONGEST_MS)]);
        try {
          let last = '';
          let quiet = 0;
          for (let screen: Screen | undefined = first; screen && !signal.aborted; ) {
            const drawn = String(screen.main);
            if (drawn !== last) await stream.writeSSE({ event: 'screen', data: drawn });
            else if (++quiet % QUIET_DRAWINGS === 0) await stream.writeSSE({ event: 'alive', data: '' });
            last = drawn;
            if (screen.refreshMs === undefined) {
              await stream.writeSSE({ event: 'over', data: 'nothing changes any more' });
              return;
            }
            await pause(screen.refreshMs, undefined, { signal }).catch(() => {});
            screen = signal.aborted ? undefined : await draw();
          }
        } catch (error) {
          // Hono would print it with all that it holds, or pass its text on to the browser.
          onError(error);
        } finally {
          open -= 1;
        }
      });
    },
  };
}
