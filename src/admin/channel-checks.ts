import { findChannel, type Installation, type OperatedChannel } from '../channels/installation.ts';
import { type Check, failed, ok, warning } from '../check.ts';
import { type ChannelStatus, type Hold, readStatus } from './status.ts';

/** Whether workers and this configuration speak of the same channels, and whether any of them is held up. */
export async function channelChecks(installation: Installation): Promise<Check[]> {
  const status = await readStatus(installation);
  return [
    ...installation.channels.map(known),
    ...status.filter(({ channel }) => findChannel(installation, channel)?.announced).map(served),
    ...status.flatMap(held),
    letters(status),
  ];
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

function served({ channel, workers }: ChannelStatus): Check {
  const name = `channel ${channel}`;
  if (workers.length === 0)
    return warning(name, 'no worker is alive: its messages wait; start `herald worker`.');
  const where = [...new Set(workers.map(({ host }) => host))].join(', ');
  return ok(name, `${workers.length} worker${workers.length === 1 ? '' : 's'} alive on ${where}.`);
}

function held({ channel, stopped, resting }: ChannelStatus): Check[] {
  const name = `channel ${channel}`;
  if (stopped?.reason === 'credentials') {
    return [
      failed(
        name,
        `stopped${since(stopped)}: the platform refused its credentials; start a worker with ` +
          `good ones, or \`herald channel resume ${channel}\`.`,
      ),
    ];
  }
  if (stopped?.reason === 'sender') {
    return [
      failed(
        name,
        `stopped${since(stopped)}: the platform does not let its account send messages; let ` +
          `the account send them or configure another one, and \`herald channel resume ${channel}\`.`,
      ),
    ];
  }
  if (stopped?.reason === 'queue_paused') {
    return [
      warning(
        name,
        `its BullMQ queue is paused, by a dashboard or a script: \`herald channel resume ${channel}\` resumes it.`,
      ),
    ];
  }
  if (stopped) {
    return [warning(name, `paused${since(stopped)}: \`herald channel resume ${channel}\` lets it go on.`)];
  }
  if (resting?.reason === 'breaker_open') {
    return [warning(name, 'rests, since the platform leaves requests unanswered: see whether it is up.')];
  }
  return [];
}

const since = ({ at }: Hold): string => (at === null ? '' : ` since ${new Date(at).toISOString()}`);

function letters(status: readonly ChannelStatus[]): Check {
  const dead = status.reduce((sum, { queue }) => sum + (queue.dead ?? 0), 0);
  return ok('dead letters', dead === 0 ? 'none.' : `${dead}: \`herald dead list\` shows them.`);
}
