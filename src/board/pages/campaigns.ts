import type { BackgroundReplay } from '../../admin/background-replays.ts';
import type { CampaignOverview } from '../../admin/campaigns/campaigns.ts';
import type { CampaignStatus } from '../../outcome.ts';
import { progress } from '../components/figures.ts';
import { state, type Tone } from '../components/state.ts';
import { empty, table } from '../components/table.ts';
import { when } from '../components/time.ts';
import { type Html, html } from '../html.ts';
import { to } from '../links.ts';
import type { Draw } from '../screen.ts';
import { count, duration } from '../words.ts';
import { leftMs, TONES as REPLAY_TONES, stepsOf } from './replay.ts';

/** Long-running work: campaigns, and replays of dead letters. */

const REFRESH_MS = 3_000;
const LISTED = 100;

export const TONES: Readonly<Record<CampaignStatus, Tone>> = {
  listing: 'note',
  running: 'note',
  paused: 'warn',
  cancelled: 'idle',
  done: 'good',
};

export const drawCampaigns: Draw = async ({ view, now }) => {
  const [all, replays] = await Promise.all([view.admin.campaigns.list(), view.backend.replays.list()]);
  const campaigns = view.mine(all).sort((a, b) => b.created - a.created);
  const shown = campaigns.slice(0, LISTED);
  return {
    title: 'Campaigns and replays',
    section: 'campaigns',
    refreshMs: REFRESH_MS,
    main: html`<h1>Campaigns and replays</h1>
      <section><h2>Campaigns</h2>${shown.length === 0 ? empty('There are none. They are kept until a week after their messages expire.') : campaignTable(shown, now)}
      ${campaigns.length > shown.length && html`<p class="muted">The latest ${count(shown.length)} of ${count(campaigns.length)}.</p>`}</section>
      <section><h2>Replays</h2>${replayTable(replays.filter(view.seesReplay), now)}</section>`,
  };
};

export const endedOf = ({ ended, duplicate }: CampaignOverview): number => ended + duplicate;

export const campaignTable = (campaigns: readonly CampaignOverview[], now: number): Html =>
  table(
    'Campaigns',
    [
      {
        head: 'Campaign',
        cell: ({ id, channel }) => html`<a class="id" href="${to.campaign(channel, id)}">${id}</a>`,
      },
      { head: 'Channel', cell: ({ channel }) => html`<a href="${to.channel(channel)}">${channel}</a>` },
      { head: 'State', cell: (each) => state(TONES[each.state], each.state) },
      { head: 'Progress', cell: (each) => progressOf(endedOf(each), each.listed) },
      { head: 'A minute', figure: true, cell: ({ perMinute }) => count(perMinute) },
      { head: 'Through', cell: ({ eta }) => (eta === null ? '–' : when(eta, now)) },
      { head: 'Begun', cell: ({ created }) => when(created, now) },
    ],
    campaigns,
  );

export const progressOf = (done: number, total: number): Html =>
  html`<span class="progress-line">${progress(done, total, `${count(done)} of ${count(total)}`)}<span>${count(done)} of ${count(total)}</span></span>`;

const replayTable = (replays: readonly BackgroundReplay[], now: number): Html =>
  replays.length === 0
    ? empty('There are none. They are kept for a week after their end.')
    : table(
        'Replays of dead letters',
        [
          {
            head: 'Begun',
            cell: ({ id, startedAt }) => html`<a href="${to.replay(id)}">${when(startedAt, now)}</a>`,
          },
          { head: 'By', cell: ({ by }) => by.name },
          { head: 'Channels', cell: ({ scope }) => scope.channels.join(', ') },
          { head: 'State', cell: (each) => state(REPLAY_TONES[each.state], each.state) },
          { head: 'Progress', cell: (each) => progressOf(stepsOf(each), each.letters) },
          { head: 'A second', figure: true, cell: ({ perSecond }) => count(perSecond) },
          {
            head: 'Left',
            cell: (each) => {
              const left = leftMs(each);
              return left === null ? '–' : duration(left);
            },
          },
        ],
        replays,
      );
