import { createLogUpdate } from 'log-update';
import type { Admin } from '../../admin/admin.ts';
import { systemPause } from '../../dead-letters/pace.ts';
import { RedisUnreachableError } from '../../redis/connection-errors.ts';
import { instantText } from '../moments.ts';
import type { Invocation } from '../shell.ts';
import { readStandings, type Standings, statusDocuments, statusView } from './status-view.ts';

const REDRAW_MS = 2_000;

/** Shows one reading; undefined while Redis does not answer. */
interface Screen {
  show(seen: Standings | undefined): void;
  end(): void;
}

/**
 * Reads the status every two seconds until it is interrupted, even through an outage of Redis: redrawn in place at a terminal, one frame
 * below the other on a pipe, and with `--json` one document per channel and endpoint.
 */
export async function watchStatus(
  admin: Admin,
  channels: readonly string[] | undefined,
  invocation: Invocation,
): Promise<void> {
  const { signal } = invocation.context;
  const screen = openScreen(invocation);
  // Read before the first frame: a Redis that was never reached is an error.
  let seen: Standings | undefined = await readStandings(admin, channels);
  for (;;) {
    screen.show(seen);
    await systemPause(REDRAW_MS, signal);
    if (signal.aborted) return screen.end();
    seen = await readStandings(admin, channels).catch(duringOutage);
  }
}

function duringOutage(error: unknown): undefined {
  if (!(error instanceof RedisUnreachableError)) throw error;
}

const AWAY = 'Redis is not answering';

function openScreen({ context: { clock, stdout }, output }: Invocation): Screen {
  const at = (): string => instantText(clock.now());
  if (output.json) {
    return {
      show(seen) {
        for (const document of seen ? statusDocuments(seen) : [])
          output.result({ at: at(), ...document }, () => '');
        if (!seen) output.note(`herald: ${AWAY}`);
      },
      end() {},
    };
  }
  const frame = (seen: Standings | undefined): string => `${at()}\n${seen ? statusView(seen, output) : AWAY}`;
  if (stdout.isTTY !== true) {
    return { show: (seen) => output.result(null, () => `${frame(seen)}\n`), end() {} };
  }
  const draw = createLogUpdate(stdout);
  return { show: (seen) => draw(frame(seen)), end: () => draw.done() };
}
