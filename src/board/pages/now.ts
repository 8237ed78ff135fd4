import type { ChannelStatus } from '../../admin/admin.ts';
import type { HistoryPoint } from '../../admin/history.ts';
import type { PaceNow } from '../../admin/pace-now.ts';
import { sparkline } from '../components/chart.ts';
import { icon } from '../components/state.ts';
import { empty, table } from '../components/table.ts';
import { lasting, oldest } from '../components/time.ts';
import { type Html, html } from '../html.ts';
import { to } from '../links.ts';
import { byUrgency, type Problem, problemsOf } from '../problems.ts';
import type { Draw } from '../screen.ts';
import { webhookProblemsOf } from '../webhook-problems.ts';
import { count, counted, spoken } from '../words.ts';
import { stateOf } from './channel-state.ts';
import { webhookTable } from './webhooks.ts';

/** What is wrong, since when, and what to do. */

interface Row {
  status: ChannelStatus;
  pace: PaceNow;
  history: HistoryPoint[];
}

const REFRESH_MS = 3_000;

export const drawNow: Draw = async ({ view, now }) => {
  const names = await view.channels();
  const [statuses, paces, webhooks] = await Promise.all([
    view.admin.status({ channels: names }),
    view.backend.paces(names),
    view.webhooks(),
  ]);
  const rows = await Promise.all(
    statuses.map(async (status) => ({
      status,
      pace: paces.get(status.channel) ?? { deliveredPerMinute: 0, endedPerMinute: 0 },
      history: await view.backend.history(status.channel),
    })),
  );
  const problems = [
    ...statuses.flatMap((status) => problemsOf(status, now)),
    ...webhooks.flatMap((status) => webhookProblemsOf(status, now)),
  ].sort(byUrgency);
  return {
    title: 'Now',
    section: 'now',
    refreshMs: REFRESH_MS,
    main: html`<h1 class="unseen">Now</h1>${verdict(problems, rows)}${problemList(problems, now)}
      <section aria-labelledby="channels"><h2 id="channels">Channels</h2>
      ${rows.length === 0 ? empty('No channel is known yet: a worker announces those that it serves.') : channelTable(rows, now)}</section>${webhookTable(webhooks, now)}`,
  };
};

function verdict(problems: readonly Problem[], rows: readonly Row[]): Html {
  const urgent = problems.filter(({ tone }) => tone !== 'note').length;
  const perMinute = rows.reduce((sum, { pace }) => sum + pace.deliveredPerMinute, 0);
  const worst = problems[0]?.tone ?? 'good';
  const text =
    urgent === 0
      ? problems.length === 0
        ? 'All is well'
        : 'Nothing is in the way'
      : counted(urgent, 'problem');
  return html`<p class="verdict ${urgent === 0 ? 'good' : worst}">${icon(urgent === 0 ? 'good' : worst)}<strong>${text}</strong>
    <span class="muted">${counted(perMinute, 'message')} delivered in the last minute</span></p>`;
}

const problemList = (problems: readonly Problem[], now: number): Html | '' =>
  problems.length === 0
    ? ''
    : html`<ul class="problems" aria-label="What to look at">${problems.map(
        ({ tone, title, subject, since, advice, link }) => html`<li class="${tone}">
        ${icon(tone)}
        <div><p class="problem-title"><strong>${title}</strong> <span>${subject}</span>${since !== null && html` <span class="muted">${lasting(since, now)}</span>`}</p>
        <p>${advice}</p></div>
        <a href="${link.href}" aria-label="${link.label}: ${subject}">${link.label}</a>
      </li>`,
      )}</ul>`;

const SPARK = { width: 96, height: 24 };

const channelTable = (rows: readonly Row[], now: number): Html =>
  table(
    'Channels',
    [
      {
        head: 'Channel',
        cell: ({ status }) => html`<a href="${to.channel(status.channel)}">${status.channel}</a>`,
      },
      { head: 'State', cell: ({ status }) => stateOf(status) },
      { head: 'Ready', figure: true, cell: ({ status }) => readyOf(status, now) },
      { head: 'In flight', figure: true, cell: ({ status }) => count(status.queue.active ?? 0) },
      { head: 'Waiting', figure: true, cell: ({ status }) => count(waitingIn(status)) },
      {
        head: 'Delivered a minute',
        figure: true,
        cell: ({ pace, history }) =>
          html`<span class="with-spark">${sparkline(
            history.map(({ at, deliveredPerMinute }) => ({ at, value: deliveredPerMinute })),
            { ...SPARK, now, label: 'Delivered a minute' },
          )}<span>${count(pace.deliveredPerMinute)}</span></span>`,
      },
      { head: 'Dead', cell: ({ status }) => deadOf(status) },
      { head: 'Workers', figure: true, cell: ({ status }) => count(status.workers.length) },
    ],
    rows,
    'dense',
  );

const waitingIn = ({ queue }: ChannelStatus): number =>
  (queue.scheduled ?? 0) + (queue.waiting_slot ?? 0) + (queue.retrying ?? 0);

function readyOf({ queue, oldestAgeSeconds }: ChannelStatus, now: number): Html {
  const age = oldestAgeSeconds.ready;
  const ready = queue.ready ?? 0;
  return html`${count(ready)}${ready > 0 && age !== undefined && html` <span class="muted">${oldest(age, now)}</span>`}`;
}

function deadOf({ channel, deadLetters }: ChannelStatus): Html {
  const reasons = Object.entries(deadLetters).sort(([, a], [, b]) => b - a);
  if (reasons.length === 0) return html`0`;
  return html`<ul class="inline-list">${reasons.map(
    ([reason, letters]) =>
      html`<li><a href="${to.dead({ channel, reason: reason as keyof ChannelStatus['deadLetters'] })}">${count(letters)} ${spoken(reason)}</a></li>`,
  )}</ul>`;
}
