import { createLogUpdate } from 'log-update';
import type { Admin, ChannelStatus } from '../../admin/admin.ts';
import { systemPause } from '../../dead-letters/pace.ts';
import { RedisUnreachableError } from '../../redis/connection-errors.ts';
import { EXIT } from '../context.ts';
import { wrongUsage } from '../failure.ts';
import { withAdmin } from '../installation.ts';
import { ageText, instantText } from '../moments.ts';
import { collected } from '../option-values.ts';
import { type Output, printable } from '../output.ts';
import type { AddCommand, Invocation, Run } from '../shell.ts';
import { campaignDocument, percentOf } from './campaign-view.ts';

interface StatusOptions {
  channel?: string[];
  watch?: boolean;
}

const HELP = `
"waiting for slot" also counts messages that wait for proof of an earlier attempt. --watch refreshes until interrupted.

Examples:
  $ herald status
  $ herald status --channel kongregate --json`;

const REDRAW_MS = 2_000;

const HEAD = [
  'channel',
  'ready',
  'active',
  'scheduled',
  'waiting for slot',
  'retrying',
  'dead',
  'oldest ready',
  'workers',
];

/** What keeps messages waiting, and what ends it. */
function holds({ channel, stopped, resting, workers }: ChannelStatus): string[] {
  const lines: string[] = [];
  if (workers.length === 0) lines.push(`${channel} has no worker alive: start \`herald worker\``);
  if (stopped) {
    const since = stopped.at === null ? '' : ` since ${instantText(stopped.at)}`;
    lines.push(`${channel} is stopped (${stopped.reason})${since}: run \`herald channel resume ${channel}\``);
  } else if (resting) {
    lines.push(`${channel} is resting (${resting.reason}) until ${instantText(resting.until)}`);
  }
  return lines;
}

const campaignLines = ({ campaigns }: ChannelStatus): string[] =>
  campaigns.map((campaign) => {
    const { channel, id, state, listed, eta } = campaign;
    const end = eta === null ? '' : `, through at ${instantText(eta)}`;
    return `${channel} has campaign ${printable(id)}: ${state}, ${percentOf(campaign)} of ${listed}${end}`;
  });

const view = (channels: readonly ChannelStatus[], output: Output): string =>
  channels.length === 0
    ? 'no channels are configured or announced'
    : [table(channels, output), ...channels.flatMap(holds), ...channels.flatMap(campaignLines)].join('\n');

const table = (channels: readonly ChannelStatus[], output: Output): string =>
  output.table(
    HEAD,
    channels.map((status) => {
      const { queue, oldestAgeSeconds } = status;
      const { ready } = oldestAgeSeconds;
      return [
        status.channel,
        queue.ready ?? 0,
        queue.active ?? 0,
        queue.scheduled ?? 0,
        queue.waiting_slot ?? 0,
        queue.retrying ?? 0,
        queue.dead ?? 0,
        ready === undefined ? null : ageText(ready * 1000),
        status.workers.length,
      ];
    }),
  );

const toDocument = (status: ChannelStatus): object => ({
  channel: status.channel,
  ...status.queue,
  sendable: status.ready,
  oldest_age_seconds: status.oldestAgeSeconds,
  dead_letters: status.deadLetters,
  oldest_dead_letter_age_seconds: status.oldestDeadLetterAgeSeconds,
  stopped: status.stopped && {
    reason: status.stopped.reason,
    since: status.stopped.at === null ? null : instantText(status.stopped.at),
  },
  workers: status.workers.map(({ since, ...worker }) => ({ ...worker, since: instantText(since) })),
  resting: status.resting && { reason: status.resting.reason, until: instantText(status.resting.until) },
  campaigns: status.campaigns.map(campaignDocument),
});

async function watch(admin: Admin, { context, output, options }: Invocation<StatusOptions>): Promise<void> {
  const draw = createLogUpdate(context.stdout);
  // Read before the first frame: a Redis that was never reached is an error.
  let text = view(await admin.status({ channels: options.channel }), output);
  for (;;) {
    draw(text);
    await systemPause(REDRAW_MS, context.signal);
    if (context.signal.aborted) break;
    text = await frame(admin, options.channel, output);
  }
  draw.done();
}

/** `--watch` continues through an outage of Redis. */
async function frame(admin: Admin, channels: readonly string[] | undefined, output: Output): Promise<string> {
  try {
    return view(await admin.status({ channels }), output);
  } catch (error) {
    if (!(error instanceof RedisUnreachableError)) throw error;
    return 'Redis is not answering';
  }
}

const run: Run<StatusOptions> = async (invocation) => {
  const { context, output, options } = invocation;
  if (options.watch && (output.json || context.stdout.isTTY !== true)) {
    throw wrongUsage('status: --watch needs a terminal');
  }
  return await withAdmin(invocation, async (admin) => {
    if (options.watch) {
      await watch(admin, invocation);
      return EXIT.done;
    }
    const channels = await admin.status({ channels: options.channel });
    if (output.json) for (const status of channels) output.result(toDocument(status), () => '');
    else output.result(null, () => view(channels, output));
    return EXIT.done;
  });
};

export const addStatus: AddCommand = (program, shell) => {
  program
    .command('status')
    .description('Show queues, dead letters, stops and rests of the channels.')
    .option('--channel <name>', 'only this channel, repeatable', collected(String))
    .option('--watch', 'refresh every two seconds')
    .addHelpText('after', HELP)
    .action(shell.action(run));
};
