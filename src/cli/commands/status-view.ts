import type { Admin, ChannelStatus, WebhookStatus } from '../../admin/admin.ts';
import { ageText, instantText } from '../moments.ts';
import { type Output, printable } from '../output.ts';
import { campaignDocument, percentOf } from './campaign-view.ts';
import { webhookDocument, webhookLines } from './webhook-view.ts';

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
function holds({ channel, stopped, resting, breaker, workers }: ChannelStatus): string[] {
  const lines: string[] = [];
  if (workers.length === 0) lines.push(`${channel} has no worker alive: start \`herald worker\``);
  if (stopped) {
    const since = stopped.at === null ? '' : ` since ${instantText(stopped.at)}`;
    lines.push(`${channel} is stopped (${stopped.reason})${since}: run \`herald channel resume ${channel}\``);
  } else if (resting) {
    lines.push(`${channel} is resting (${resting.reason}) until ${instantText(resting.until)}`);
  } else if (breaker === 'half_open') {
    lines.push(
      `${channel} has its breaker half open: one message goes ahead, to see whether the platform answers`,
    );
  }
  return lines;
}

/** For what messages wait, and whose end is unknown. */
function waits({ channel, waiting, doubts }: ChannelStatus): string[] {
  const causes = Object.entries(waiting).filter(([, count]) => count > 0);
  const lines = causes.length === 0 ? [] : [causes.map(([cause, count]) => `${count} ${cause}`).join(', ')];
  return [
    ...lines.map((text) => `${channel} waits, by cause: ${text}`),
    ...(doubts > 0 ? [`${channel} has sends in doubt: ${doubts}`] : []),
  ];
}

const campaignLines = ({ campaigns }: ChannelStatus): string[] =>
  campaigns.map((campaign) => {
    const { channel, id, state, listed, eta } = campaign;
    const end = eta === null ? '' : `, through at ${instantText(eta)}`;
    return `${channel} has campaign ${printable(id)}: ${state}, ${percentOf(campaign)} of ${listed}${end}`;
  });

/** What a status shows. */
export interface Standings {
  channels: readonly ChannelStatus[];
  webhooks: readonly WebhookStatus[];
}

/** @param names of channels; all of them when absent */
export async function readStandings(admin: Admin, names: readonly string[] | undefined): Promise<Standings> {
  const of = { channels: names };
  const [channels, webhooks] = await Promise.all([admin.status(of), admin.webhooks(of)]);
  return { channels, webhooks };
}

/** A table of the channels, then what holds them, their campaigns, and where their receipts are posted to. */
export const statusView = ({ channels, webhooks }: Standings, output: Output): string =>
  channels.length === 0
    ? 'no channels are configured or announced'
    : [
        table(channels, output),
        ...channels.flatMap(holds),
        ...channels.flatMap(waits),
        ...channels.flatMap(campaignLines),
        ...webhookLines(webhooks),
      ].join('\n');

/** A document for each channel, then for each endpoint. */
export const statusDocuments = ({ channels, webhooks }: Standings): object[] => [
  ...channels.map(statusDocument),
  ...webhooks.map(webhookDocument),
];

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

/** What a program reads of a channel. */
const statusDocument = (status: ChannelStatus): object => ({
  channel: status.channel,
  ...status.queue,
  sendable: status.ready,
  oldest_age_seconds: status.oldestAgeSeconds,
  waiting: status.waiting,
  sends_in_doubt: status.doubts,
  breaker: status.breaker,
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
