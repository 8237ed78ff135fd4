import { type Check, failed, ok, warning } from './check.ts';
import type { Installation, OperatedChannel } from './installation.ts';
import { type ChannelStatus, readStatus } from './status.ts';

/** Whether workers and this configuration speak of the same channels, and whether any of them is held up. */
export async function channelChecks(installation: Installation): Promise<Check[]> {
  const status = await readStatus(installation);
  return [...installation.channels.map(known), ...status.flatMap(held), letters(status)];
}

function known({ name, configured, announced }: OperatedChannel): Check {
  const check = `channel ${name}`;
  if (!configured) {
    return warning(
      check,
      `announced by a worker but not configured here: if it is no more, \`herald channel forget ${name}\`.`,
    );
  }
  if (!announced) return warning(check, 'no worker has served it yet: start `herald worker`.');
  if (configured.platform !== announced.platform) {
    return failed(
      check,
      `configured for ${configured.platform} but announced for ${announced.platform}: give the new one another name.`,
    );
  }
  return ok(check, `${configured.platform}, known to workers.`);
}

function held({ channel, stopped, resting }: ChannelStatus): Check[] {
  const name = `channel ${channel}`;
  if (stopped?.reason === 'credentials') {
    return [
      failed(
        name,
        `stopped since ${new Date(stopped.at).toISOString()}: the platform refused its credentials; start a worker with ` +
          `good ones, or \`herald channel resume ${channel}\`.`,
      ),
    ];
  }
  if (stopped?.reason === 'sender') {
    return [
      failed(
        name,
        `stopped since ${new Date(stopped.at).toISOString()}: the platform does not let its account send messages; let ` +
          `the account send them or configure another one, and \`herald channel resume ${channel}\`.`,
      ),
    ];
  }
  if (stopped) {
    return [
      warning(
        name,
        `paused since ${new Date(stopped.at).toISOString()}: \`herald channel resume ${channel}\` lets it go on.`,
      ),
    ];
  }
  if (resting?.reason === 'breaker_open') {
    return [warning(name, 'rests, since the platform leaves requests unanswered: see whether it is up.')];
  }
  return [];
}

function letters(status: readonly ChannelStatus[]): Check {
  const dead = status.reduce((sum, { queue }) => sum + (queue.dead ?? 0), 0);
  return ok('dead letters', dead === 0 ? 'none.' : `${dead}: \`herald dead list\` shows them.`);
}
