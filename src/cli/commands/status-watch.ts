import { createLogUpdate } from 'log-update';
import type { Admin, ChannelStatus } from '../../admin/admin.ts';
import { systemPause } from '../../dead-letters/pace.ts';
import { RedisUnreachableError } from '../../redis/connection-errors.ts';
import { instantText } from '../moments.ts';
import type { Invocation } from '../shell.ts';
import { statusDocument, statusView } from './status-view.ts';

const REDRAW_MS = 2_000;

/** Shows one reading of the channels; undefined while Redis does not answer. */
interface Screen {
  show(channels: readonly ChannelStatus[] | undefined): void;
  end(): void;
}

/**
 * Reads the status every two seconds until it is interrupted, also through an outage of Redis: redrawn in place at a terminal,
 * a frame below the other on a pipe, a document a channel with `--json`.
 */
export async function watchStatus(
  admin: Admin,
  channels: readonly string[] | undefined,
  invocation: Invocation,
): Promise<void> {
  const { signal } = invocation.context;
  const screen = openScreen(invocation);
  // Read before the first frame: a Redis that was never reached is an error.
  let seen: readonly ChannelStatus[] | undefined = await admin.status({ channels });
  for (;;) {
    screen.show(seen);
    await systemPause(REDRAW_MS, signal);
    if (signal.aborted) return screen.end();
    seen = await admin.status({ channels }).catch(duringOutage);
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
      show(channels) {
        for (const status of channels ?? []) output.result({ at: at(), ...statusDocument(status) }, () => '');
        if (!channels) output.note(`herald: ${AWAY}`);
      },
      end() {},
    };
  }
  const frame = (channels: readonly ChannelStatus[] | undefined): string =>
    `${at()}\n${channels ? statusView(channels, output) : AWAY}`;
  if (stdout.isTTY !== true) {
    return { show: (channels) => output.result(null, () => `${frame(channels)}\n`), end() {} };
  }
  const draw = createLogUpdate(stdout);
  return { show: (channels) => draw(frame(channels)), end: () => draw.done() };
}
