import { findChannel, type Installation, type OperatedChannel } from '../../channels/installation.ts';
import { type Check, failed, ok, warning } from '../../check.ts';
import { inspectPolicy } from '../../ledger/policy-in-force.ts';
import { policyRefusal } from '../../policies/quota-change.ts';
import { type ChannelStatus, type Hold, readStatus } from '../status.ts';

/** Checks that workers and this configuration agree on the channels, and that none of them is stopped or resting. */
export async function channelChecks(installation: Installation): Promise<Check[]> {
  const status = await readStatus(installation);
  return [
    ...installation.channels.map(registrationCheck),
    ...(await Promise.all(installation.channels.map(policyChecks))).flat(),
    ...status.filter(({ channel }) => findChannel(installation, channel)?.announced).map(workerCheck),
    ...status.flatMap(holdChecks),
    deadLetterCheck(status),
  ];
}

function registrationCheck({ name, configured, announced }: OperatedChannel): Check {
  const check = `channel ${name}`;
  if (!configured) {
    return warning(
      check,
      `announced by a worker but not configured here: if it was removed, run \`herald channel forget ${name}\`.`,
    );
  }
  if (!announced) return warning(check, 'not served by a worker yet: start `herald worker`.');
  if (configured.platform !== announced.platform) {
    return failed(
      check,
      `configured for ${configured.platform} but announced for ${announced.platform}: rename the new channel.`,
    );
  }
  if (configured.shards !== announced.shards) {
    const [own, theirs] = [configured.shards ?? 'absent', announced.shards ?? 'absent'];
    return failed(check, `shards is ${own} here but ${theirs} where its workers announced it: restore it.`);
  }
  return ok(check, `${configured.platform}, announced by a worker.`);
}

/** A worker with another quota or addressing does not start while messages sent under the old one count. */
async function policyChecks({ name, configured, announced, stores }: OperatedChannel): Promise<Check[]> {
  // Another number of shards is another finding.
  if (!configured || !announced || configured.shards !== announced.shards) return [];
  const refusals = stores.map(async ({ store }) => policyRefusal(configured, await inspectPolicy(store)));
  const [last] = (await Promise.all(refusals))
    .filter((refusal) => refusal !== undefined)
    .sort((a, b) => b.until - a.until);
  if (!last) return [];
  const until = new Date(last.until).toISOString();
  const text =
    `${last.field} was changed here while messages sent under the old one count until ${until}: workers with ` +
    'it are refused. Restore it, or start them after that.';
  return [failed(`channel ${name}`, text)];
}

function workerCheck({ channel, workers, queue }: ChannelStatus): Check {
  const name = `channel ${channel}`;
  const { dead: _, ...unfinished } = queue;
  const waiting = Object.values(unfinished).reduce((sum, count) => sum + count, 0);
  if (workers.length === 0 && waiting === 0) return warning(name, 'no worker alive: start `herald worker`.');
  if (workers.length === 0) {
    const messages = waiting === 1 ? '1 message waits' : `${waiting} messages wait`;
    return failed(name, `no worker alive, and ${messages}: start \`herald worker\`.`);
  }
  const where = [...new Set(workers.map(({ host }) => host))].join(', ');
  return ok(name, `${workers.length} worker${workers.length === 1 ? '' : 's'} alive on ${where}.`);
}

function holdChecks({ channel, stopped, resting }: ChannelStatus): Check[] {
  const name = `channel ${channel}`;
  if (stopped?.reason === 'credentials') {
    return [
      failed(
        name,
        `stopped${since(stopped)}: the platform refused the credentials; start a worker with ` +
          `valid ones, or run \`herald channel resume ${channel}\`.`,
      ),
    ];
  }
  if (stopped?.reason === 'sender') {
    return [
      failed(
        name,
        `stopped${since(stopped)}: the platform does not allow the account to send messages; ` +
          `allow it or configure another one, then run \`herald channel resume ${channel}\`.`,
      ),
    ];
  }
  if (stopped?.reason === 'queue_paused') {
    return [
      warning(
        name,
        `its BullMQ queue is paused (by a dashboard or script): run \`herald channel resume ${channel}\`.`,
      ),
    ];
  }
  if (stopped) {
    return [warning(name, `paused${since(stopped)}: run \`herald channel resume ${channel}\` to resume.`)];
  }
  if (resting?.reason === 'breaker_open') {
    return [warning(name, 'resting, since requests to the platform go unanswered: check whether it is up.')];
  }
  return [];
}

const since = ({ at }: Hold): string => (at === null ? '' : ` since ${new Date(at).toISOString()}`);

function deadLetterCheck(status: readonly ChannelStatus[]): Check {
  const dead = status.reduce((sum, { queue }) => sum + (queue.dead ?? 0), 0);
  return ok('dead letters', dead === 0 ? 'none.' : `${dead}: see \`herald dead list\`.`);
}
