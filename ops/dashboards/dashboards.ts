import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboardOf } from './dashboard.ts';
import { words } from './panel.ts';
import type { Row, View } from './row.ts';
import { apiRow } from './rows/api.ts';
import { campaignRow } from './rows/campaigns.ts';
import { deadLetterRow } from './rows/dead-letters.ts';
import { funnelRow } from './rows/funnel.ts';
import { healthRow } from './rows/health.ts';
import { queueRow } from './rows/queue.ts';
import { quotaRow } from './rows/quota.ts';
import { redisRow } from './rows/redis.ts';
import { requestRow } from './rows/requests.ts';
import { waitingRow } from './rows/waiting.ts';
import { webhookRow } from './rows/webhooks.ts';
import { workerRow } from './rows/workers.ts';

const rowsOf = (view: View): Row[] => [
  requestRow(view),
  funnelRow(view),
  queueRow(view),
  quotaRow(),
  waitingRow(view),
  deadLetterRow(view),
  campaignRow(view),
];

const linkTo = (title: string, uid: string) =>
  new dashboard.DashboardLinkBuilder(title)
    .type(dashboard.DashboardLinkType.Link)
    .url(`/d/${uid}`)
    .includeVars(true)
    .keepTime(true);

const COMMANDS = `
| to see | command |
|---|---|
| queue, stops, rests, dead letters | \`herald status\` |
| what is wrong with the installation | \`herald doctor\` |
| what becomes of one message | \`herald explain <id>\` |
| the dead letters | \`herald dead list --channel $channel --since 2h\` |
| what a replay would do | \`herald dead replay --channel $channel --since 2h\` |
| and to do it | \`herald dead replay --channel $channel --since 2h --rate 50/s --yes\` |
| to hold and to go on | \`herald channel pause $channel\`, \`herald channel resume $channel\` |
`;

export function overview(runbooks: string): dashboard.Dashboard {
  const view: View = { channels: 'several' };
  return dashboardOf({
    title: 'Herald overview',
    uid: 'herald-overview',
    description:
      'Whether messages are delivered, and if not, where they are. From top to bottom as an incident is looked into.',
    view,
    rows: [healthRow(), ...rowsOf(view), workerRow(), apiRow(), webhookRow(), redisRow()],
    links: [linkTo('One channel', 'herald-channel')],
    runbooks,
  });
}

export function channel(runbooks: string): dashboard.Dashboard {
  const view: View = { channels: 'one' };
  const operate: Row = {
    title: 'Commands',
    panels: [
      words({
        title: 'Commands for this channel',
        description: 'For a shell where herald.yaml is.',
        width: 24,
        content: COMMANDS,
      }),
    ],
  };
  return dashboardOf({
    title: 'Herald channel',
    uid: 'herald-channel',
    description: 'One channel, with the reasons spelt out.',
    view,
    rows: [...rowsOf(view), operate],
    links: [linkTo('All channels', 'herald-overview')],
    runbooks,
  });
}
