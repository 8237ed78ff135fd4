import type { ChannelStatus } from '../../admin/admin.ts';
import type { HistoryPoint } from '../../admin/history.ts';
import type { ListedJob } from '../../admin/queue-list.ts';
import type { ChannelFacts } from '../../channels/registry.ts';
import { WAIT_CAUSES, type WaitCause } from '../../outcome.ts';
import { chart } from '../components/chart.ts';
import { type Figure, figures } from '../components/figures.ts';
import { act } from '../components/forms.ts';
import { icon } from '../components/state.ts';
import { empty, facts, table } from '../components/table.ts';
import { lasting, oldest, when } from '../components/time.ts';
import { type Html, html } from '../html.ts';
import { to } from '../links.ts';
import { withNotice } from '../notices.ts';
import { problemsOf } from '../problems.ts';
import type { Draw, FormAction, Visit } from '../screen.ts';
import { mayOperate } from '../view.ts';
import { count, counted, duration, fieldsText, jobState } from '../words.ts';
import { campaignTable } from './campaigns.ts';
import { stateOf } from './channel-state.ts';

/** One channel: its pace and its limit, what holds it up, and which messages wait. */

const REFRESH_MS = 3_000;
const LISTED = 15;

export const drawChannel: Draw = async (visit) => {
  const { view, now } = visit;
  const name = view.require(visit.param('channel'));
  const { backend, admin } = view;
  const [[status], publicFacts, paces, history, waiting] = await Promise.all([
    admin.status({ channels: [name] }),
    backend.facts(name),
    backend.paces([name]),
    backend.history(name),
    backend.waiting(name, LISTED),
  ]);
  const perMinute = paces.get(name)?.deliveredPerMinute ?? 0;
  return {
    title: name,
    section: 'now',
    refreshMs: REFRESH_MS,
    main: html`<div class="heading"><div><h1>${name}</h1><p class="muted">${publicFacts.platform} · ${stateOf(status!)}</p></div>
      ${mayOperate(view.user) && controls(status!, visit)}</div>
      ${problemNotes(status!, now)}
      ${figures(mainFigures(status!, perMinute, publicFacts, now))}
      ${charts(history, publicFacts, now)}
      <div class="columns">${limits(status!, publicFacts, now)}${workersOf(status!, now)}</div>
      ${status!.campaigns.length > 0 && html`<section><h2>Campaigns</h2>${campaignTable(status!.campaigns, now)}</section>`}
      ${waits(status!)}${queue(waiting, name, now)}`,
  };
};

/** A held channel can be resumed, any other can be paused. */
function controls(status: ChannelStatus, { csrf }: Visit): Html {
  const { channel, stopped, resting, breaker } = status;
  const held = stopped !== null || resting !== null || breaker !== 'closed';
  const target = (order: string) => ({ action: `${to.channel(channel)}/${order}`, csrf });
  return html`<div class="actions">
    ${held && act(target('resume'), 'Resume', {}, 'primary')}
    ${stopped === null && act(target('pause'), 'Pause')}
  </div>`;
}

export const pauseChannel: FormAction = async ({ view, param }) => {
  const name = view.require(param('channel'));
  await view.admin.channels.pause(name);
  return withNotice(to.channel(name), 'paused');
};

export const resumeChannel: FormAction = async ({ view, param }) => {
  const name = view.require(param('channel'));
  const { changed } = await view.admin.channels.resume(name);
  return withNotice(to.channel(name), changed ? 'resumed' : 'unchanged');
};

const problemNotes = (status: ChannelStatus, now: number): Html[] =>
  problemsOf(status, now)
    .filter(({ tone }) => tone !== 'note')
    .map(
      ({ tone, title, since, advice }) =>
        html`<p class="callout ${tone}">${icon(tone)}<span><strong>${title}</strong>${since !== null && html` ${lasting(since, now)}`}. ${advice}</span></p>`,
    );

/** How many sends a minute the rate allows. */
const allowed = ({ rate }: ChannelFacts): number | undefined =>
  rate ? (rate.max * 60_000) / rate.perMs : undefined;

function mainFigures(
  status: ChannelStatus,
  perMinute: number,
  publicFacts: ChannelFacts,
  now: number,
): Figure[] {
  const { queue, oldestAgeSeconds, workers } = status;
  const limit = allowed(publicFacts);
  const age = (seconds: number | undefined): Html | false => seconds !== undefined && oldest(seconds, now);
  return [
    {
      name: 'Delivered a minute',
      value: count(perMinute),
      note: limit === undefined ? 'no rate is set' : `at most ${count(Math.round(limit))} by its rate`,
    },
    { name: 'Ready', value: count(queue.ready ?? 0), note: age(oldestAgeSeconds.ready) },
    { name: 'In flight', value: count(queue.active ?? 0), note: age(oldestAgeSeconds.active) },
    {
      name: 'Waiting for a slot',
      value: count(queue.waiting_slot ?? 0),
      note: age(oldestAgeSeconds.waiting_slot),
    },
    { name: 'Retrying', value: count(queue.retrying ?? 0), note: age(oldestAgeSeconds.retrying) },
    { name: 'Scheduled', value: count(queue.scheduled ?? 0) },
    {
      name: 'Dead letters',
      value: html`<a href="${to.dead({ channel: status.channel })}">${count(queue.dead ?? 0)}</a>`,
      note: age(oldestAgeSeconds.dead),
    },
    { name: 'Workers', value: count(workers.length) },
  ];
}

const CHART = { width: 480, height: 96 };

const charts = (history: readonly HistoryPoint[], publicFacts: ChannelFacts, now: number): Html =>
  html`<div class="columns">
    ${chart(
      history.map(({ at, deliveredPerMinute }) => ({ at, value: deliveredPerMinute })),
      { ...CHART, now, label: 'Delivered a minute', limit: limitToShow(history, publicFacts) },
    )}
    ${chart(
      history.map(({ at, ready }) => ({ at, value: ready })),
      { ...CHART, now, label: 'Ready' },
    )}
  </div>`;

/** A limit far above the pace is not drawn: it would flatten the line. */
function limitToShow(history: readonly HistoryPoint[], publicFacts: ChannelFacts): number | undefined {
  const limit = allowed(publicFacts);
  const peak = Math.max(0, ...history.map(({ deliveredPerMinute }) => deliveredPerMinute));
  return limit !== undefined && limit <= peak * 3 ? limit : undefined;
}

const BREAKER = {
  closed: 'closed: the platform is asked',
  open: 'open: the platform is not asked for a while',
  half_open: 'half open: one message tries whether it is back',
} as const;

function limits(status: ChannelStatus, { rate, quota, eligibility }: ChannelFacts, now: number): Html {
  const { slots, windowEndsAt, resting, breaker, doubts } = status;
  const per = quota && (typeof quota.per === 'string' ? quota.per : duration(quota.per.ms));
  return html`<section><h2>Limits</h2>${facts([
    ['Rate', rate ? `${count(rate.max)} in ${duration(rate.perMs)}, all workers together` : 'none'],
    ['Breaker', BREAKER[breaker]],
    resting !== null && ['Rests until', when(resting.until, now)],
    ['Quota', quota ? `${quota.max} a recipient and ${per} (${quota.timeZone}, ${quota.boundary})` : 'none'],
    windowEndsAt !== undefined && ['Window ends', when(windowEndsAt, now)],
    slots !== undefined && [
      'Slots',
      `${count(slots.spent)} used, ${count(slots.held)} held by a send in flight or in doubt`,
    ],
    ['Eligibility', eligibility ? `played within ${duration(eligibility.playedWithinMs)}` : 'everybody'],
    ['Sends in doubt', count(doubts)],
  ])}</section>`;
}

const workersOf = ({ workers }: ChannelStatus, now: number): Html =>
  html`<section><h2>Workers</h2>${
    workers.length === 0
      ? empty('None is alive.')
      : facts(
          workers.map(
            ({ host, pid, since }) => [`${host} · ${pid}`, html`started ${when(since, now)}`] as const,
          ),
        )
  }</section>`;

/** What a message waits for, by its cause. */
const CAUSES: Readonly<Record<WaitCause, string>> = {
  own_rate: 'the rate of the channel',
  platform_rate: 'a pause that the platform asked for',
  breaker: 'the platform, which fails',
  stopped: 'an operator: the channel is stopped',
  quota: 'the next window: its recipient had a message in this one',
  recipient_busy: 'another send to its recipient',
  window_end: 'the next window, which begins too soon to send now',
  proof: 'proof of what became of an earlier send',
  late_grant: 'another grant: the last one came too late',
  text_repeated: 'the platform, which refuses the same text so soon',
  refusal_unclear: 'an explanation of a refusal',
  newer_version: 'a newer worker, which can read it',
  paused_campaign: 'its campaign, which is paused',
  retry: 'its next attempt',
};

const ORDER = Object.values(WAIT_CAUSES).flat();

function waits({ waiting }: ChannelStatus): Html | '' {
  const causes = [...new Set<WaitCause>(ORDER)].filter((cause) => (waiting[cause] ?? 0) > 0);
  if (causes.length === 0) return '';
  return html`<section><h2>What messages wait for</h2>${table(
    'What messages wait for',
    [
      { head: 'They wait for', cell: (cause) => CAUSES[cause] },
      { head: 'Messages', figure: true, cell: (cause) => count(waiting[cause] ?? 0) },
    ],
    causes,
  )}</section>`;
}

const queue = (jobs: readonly ListedJob[], channel: string, now: number): Html =>
  html`<section><h2>First in the queue</h2>${
    jobs.length === 0
      ? empty('Nothing waits.')
      : html`${table(
          'The first messages of each state',
          [
            {
              head: 'Message',
              cell: ({ id, jobId }) =>
                html`<a class="id" href="${to.message(id ?? jobId, channel)}">${id ?? jobId}</a>`,
            },
            {
              head: 'Recipient',
              cell: ({ to: recipient, problem }) =>
                problem !== null
                  ? html`<span class="muted">${problem}</span>`
                  : html`<a class="id" href="${to.player(channel, recipient)}">${fieldsText(recipient)}</a>`,
            },
            { head: 'State', cell: ({ state }) => jobState(state) },
            { head: 'Enqueued', cell: ({ enqueuedAt }) => when(enqueuedAt, now) },
            { head: 'Due', cell: ({ dueAt }) => (dueAt === null ? 'now' : when(dueAt, now)) },
            { head: 'Picked up', figure: true, cell: ({ pickups }) => counted(pickups, 'time') },
          ],
          jobs,
        )}<p class="muted">The first ${LISTED} of each state.</p>`
  }</section>`;
