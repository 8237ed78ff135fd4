import type { CampaignOverview } from '../../admin/campaigns/campaigns.ts';
import { DEAD_REASONS, type DeadReason } from '../../outcome.ts';
import { figures } from '../components/figures.ts';
import { act, form, hidden, isTyped, typedCount } from '../components/forms.ts';
import { state } from '../components/state.ts';
import { type Column, empty, facts, table } from '../components/table.ts';
import { when } from '../components/time.ts';
import { NotFound } from '../errors.ts';
import { type Html, html } from '../html.ts';
import { to } from '../links.ts';
import { withNotice } from '../notices.ts';
import type { Draw, FormAction, Screen, Visit } from '../screen.ts';
import { mayOperate } from '../view.ts';
import { count, spoken } from '../words.ts';
import { endedOf, progressOf, TONES } from './campaigns.ts';

/** One campaign: its progress, its pace, when it will be done, and the results of its messages. */

const REFRESH_MS = 3_000;

async function find({ view, param }: Visit): Promise<CampaignOverview> {
  const [campaign] = await view.admin.campaigns.show(param('id'), {
    channel: view.require(param('channel')),
  });
  if (!campaign)
    throw new NotFound('There is no such campaign: it is kept until a week after its messages expire.');
  return campaign;
}

export const drawCampaign: Draw = async (visit) => screen(await find(visit), visit);

const leftOf = ({ waiting, underWay }: CampaignOverview): number => waiting + underWay;

function screen(campaign: CampaignOverview, visit: Visit, problem?: string): Screen {
  const { id, channel, listed, waiting, underWay, perMinute, eta } = campaign;
  const { now, view } = visit;
  const isOver = campaign.state === 'done' || campaign.state === 'cancelled';
  return {
    title: id,
    section: 'campaigns',
    refreshMs: isOver && leftOf(campaign) === 0 ? undefined : REFRESH_MS,
    main: html`<div class="heading"><div><h1 class="id">${id}</h1><p class="muted"><a href="${to.channel(channel)}">${channel}</a> · ${state(TONES[campaign.state], campaign.state)}</p></div>
      ${!isOver && mayOperate(view.user) && controls(campaign, visit)}</div>
      <p>${progressOf(endedOf(campaign), listed)}</p>
      ${figures([
        { name: 'Listed', value: count(listed) },
        { name: 'Waiting', value: count(waiting) },
        { name: 'Under way', value: count(underWay) },
        { name: 'A minute', value: count(perMinute) },
        { name: 'Through', value: eta === null ? '–' : when(eta, now) },
      ])}
      <div class="columns">${ends(campaign)}${settings(campaign, now)}</div>
      ${!isOver && mayOperate(view.user) && cancelForm(campaign, visit, problem)}`,
  };
}

interface End {
  text: string;
  many: number;
  /** Of its dead letters. */
  letters?: DeadReason | undefined;
}

const endOf = ({ state: end, reason, count: many }: CampaignOverview['ends'][number]): End => ({
  ...{ text: `${end}: ${spoken(reason)}`, many },
  letters: DEAD_REASONS.find((each) => end === 'dead' && each === reason),
});

function ends({ id, channel, ends: all, duplicate, replayed }: CampaignOverview): Html {
  const rows: End[] = [
    ...all.map(endOf),
    { text: 'named twice: nothing was sent for these', many: duplicate },
    { text: 'ends of replays, besides', many: replayed },
  ];
  const shown = rows.filter(({ many }) => many > 0);
  const columns: Column<End>[] = [
    {
      head: 'End',
      cell: ({ text, letters }) =>
        html`${text}${letters && html` <span class="muted">· <a href="${to.dead({ channel, reason: letters, campaign: id })}">its dead letters</a></span>`}`,
    },
    { head: 'Messages', figure: true, cell: ({ many }) => count(many) },
  ];
  return html`<section><h2>What became of them</h2>${
    shown.length === 0 ? empty('None has ended yet.') : table('What became of its messages', columns, shown)
  }</section>`;
}

const settings = ({ created, sendAt, expiresAt, message }: CampaignOverview, now: number): Html =>
  html`<section><h2>What it sends</h2>${facts([
    ['Begun', when(created, now)],
    sendAt > 0 && ['Not before', when(sendAt, now)],
    ['Expires', when(expiresAt, now)],
    [
      'If the quota is spent',
      message['onQuota'] === 'defer' ? 'it waits for the next window' : 'it is dropped',
    ],
    ['Priority', String(message['priority'] ?? 0)],
  ])}</section>`;

const targetOf = ({ channel, id }: CampaignOverview, order: string, { csrf }: Visit) => ({
  action: `${to.campaign(channel, id)}/${order}`,
  csrf,
});

const controls = (campaign: CampaignOverview, visit: Visit): Html =>
  html`<div class="actions">${
    campaign.state === 'paused'
      ? act(targetOf(campaign, 'resume', visit), 'Resume', {}, 'primary')
      : act(targetOf(campaign, 'pause', visit), 'Pause')
  }</div>`;

const cancelForm = (campaign: CampaignOverview, visit: Visit, problem: string | undefined): Html =>
  html`<details class="danger-zone"${problem !== undefined && html` open`}><summary>Cancel the campaign…</summary>
    <p>Nothing of it is sent any more; what waits ends suppressed. This cannot be taken back.</p>
    ${problem !== undefined && html`<p class="problem-text" role="alert">${problem}</p>`}
    ${form(
      targetOf(campaign, 'cancel', visit),
      [
        hidden({ listed: String(campaign.listed) }),
        typedCount(campaign.listed, 'its recipients'),
        html`<button class="danger">Cancel the campaign</button>`,
      ],
      'order',
    )}</details>`;

export const controlCampaign =
  (order: 'pause' | 'resume'): FormAction =>
  async (visit) => {
    const { id, channel } = await find(visit);
    const results = await visit.view.admin.campaigns[order](id, { channel });
    const wanted = order === 'pause' ? 'paused' : 'running';
    const done = results.some(({ status }) => status === wanted);
    return withNotice(
      to.campaign(channel, id),
      done ? (order === 'pause' ? 'paused' : 'resumed') : 'unchanged',
    );
  };

export const cancelCampaign: FormAction = async (visit) => {
  const campaign = await find(visit);
  const { id, channel, listed } = campaign;
  // The number is that of the form: while recipients are listed, a later one would never be typed in time.
  const shown = Number(visit.field('listed') ?? listed);
  if (shown > listed || !isTyped(visit.field('typed'), shown))
    return screen(campaign, visit, `Type ${listed} to cancel it. Nothing was changed.`);
  await visit.view.admin.campaigns.cancel(id, { channel });
  return withNotice(to.campaign(channel, id), 'campaign_cancelled');
};
