import type { CampaignOverview } from '../../admin/campaigns/campaigns.ts';
import { ageText, instantText } from '../moments.ts';
import { type Cell, type Output, printable } from '../output.ts';

/** Campaigns as people and programs see them. */

export const campaignDocument = (campaign: CampaignOverview): object => ({
  channel: campaign.channel,
  id: campaign.id,
  state: campaign.state,
  platform: campaign.message['platform'],
  created: instantText(campaign.created),
  send_at: campaign.sendAt === 0 ? null : instantText(campaign.sendAt),
  expires_at: instantText(campaign.expiresAt),
  listed: campaign.listed,
  waiting: campaign.waiting,
  under_way: campaign.underWay,
  ended: campaign.ended,
  ends: campaign.ends,
  duplicate: campaign.duplicate,
  replayed: campaign.replayed,
  per_minute: campaign.perMinute,
  eta: campaign.eta === null ? null : instantText(campaign.eta),
});

const BAR = 30;
const FULL = '█';
const EMPTY = '░';

/** How much of it is through, from 0 to 1; what is being listed may grow. */
const shareOf = ({ listed, ended, duplicate }: CampaignOverview): number =>
  listed === 0 ? 0 : Math.min(1, (ended + duplicate) / listed);

/** Rounded down: what is not through is not 100 %. */
export const percentOf = (campaign: CampaignOverview): string => `${Math.floor(shareOf(campaign) * 100)}%`;

function barOf(campaign: CampaignOverview): string {
  const full = Math.floor(shareOf(campaign) * BAR);
  return `${FULL.repeat(full)}${EMPTY.repeat(BAR - full)} ${percentOf(campaign)} of ${campaign.listed}`;
}

const paceOf = ({ perMinute }: CampaignOverview): string => `${perMinute} a minute`;

const etaOf = ({ eta }: CampaignOverview, now: number): string | null =>
  eta === null ? null : `${instantText(eta)} (in ${ageText(eta - now)})`;

export function campaignText(campaign: CampaignOverview, output: Output, now: number): string {
  const { id, channel, state, sendAt, replayed } = campaign;
  const rows: Cell[][] = [
    ['waiting', campaign.waiting],
    ['under way', campaign.underWay],
    ...campaign.ends.map(({ state: end, reason, count }) => [`${end} (${reason})`, count]),
    ['named twice', campaign.duplicate],
    ...(replayed > 0 ? [['replayed', replayed]] : []),
  ];
  const eta = etaOf(campaign, now);
  const from = sendAt > now ? [`not before ${instantText(sendAt)}`] : [];
  const pace = state === 'done' || state === 'cancelled' ? [] : [paceOf(campaign)];
  return [
    `${printable(id)} in channel ${channel}: ${state}`,
    barOf(campaign),
    output.table(['status', 'messages'], rows),
    [...from, ...pace, ...(eta === null ? [] : [`through at ${eta}`])].join(', '),
    `expires at ${instantText(campaign.expiresAt)}`,
  ]
    .filter((line) => line !== '')
    .join('\n');
}

const HEAD = [
  'channel',
  'campaign',
  'state',
  'through',
  'listed',
  'waiting',
  'under way',
  'a minute',
  'through at',
];

export const campaignsTable = (campaigns: readonly CampaignOverview[], output: Output): string =>
  output.table(
    HEAD,
    campaigns.map((campaign) => [
      campaign.channel,
      campaign.id,
      campaign.state,
      percentOf(campaign),
      campaign.listed,
      campaign.waiting,
      campaign.underWay,
      campaign.perMinute,
      campaign.eta === null ? null : instantText(campaign.eta),
    ]),
  );
