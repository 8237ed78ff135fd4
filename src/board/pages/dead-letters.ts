import {
  type DeadLetter,
  type DeadLetterPlan,
  type DetailGroup,
  OTHER_TEXTS,
} from '../../admin/dead-letter-admin.ts';
import { DEAD_REASONS } from '../../outcome.ts';
import { type Choice, select } from '../components/forms.ts';
import { empty, facts, table } from '../components/table.ts';
import { when } from '../components/time.ts';
import { type Html, html } from '../html.ts';
import { type DeadFilter, to } from '../links.ts';
import type { Draw, Visit } from '../screen.ts';
import { mayOperate } from '../view.ts';
import { count, spoken } from '../words.ts';
import { ADVICE } from './dead-advice.ts';
import { filterOf, filterText, letters, selectionOf } from './dead-filter.ts';

/** What died, grouped by what killed it. */

const LISTED = 25;
/** Beyond this number the texts are not read: that would block this process for seconds. */
const READ = 10_000;

export const drawDeadLetters: Draw = async (visit) => {
  const { view, now } = visit;
  const filter = filterOf(visit);
  const selection = await selectionOf(visit, filter);
  const { deadLetters } = view.admin;
  const [channels, plan, newest] = await Promise.all([
    view.channels(),
    deadLetters.plan(selection, 'purge'),
    deadLetters.list({ ...selection, limit: LISTED }),
  ]);
  const total = plan.letters;
  const unread = total > READ && filter.detail === undefined && filter.campaign === undefined;
  const groups = unread ? plan.groups : (await deadLetters.group(selection)).groups;
  const which = filterText(filter);
  return {
    title: 'Dead letters',
    section: 'dead',
    main: html`<div class="heading"><div><h1>Dead letters</h1><p class="muted">${letters(total)} ${which}</p></div>
      ${total > 0 && mayOperate(view.user) && html`<div class="actions"><a class="button primary" href="${to.deadReplay(filter)}">Replay…</a><a class="button" href="${to.deadPurge(filter)}">Purge…</a></div>`}</div>
      ${filterForm(filter, channels)}
      ${total === 0 ? empty(which === '' ? 'There are none.' : 'There are none of these.') : html`${groupTable(groups, visit, filter)}${whatToDo(groups)}${newestTable(newest.letters, total, now)}`}`,
  };
};

const SINCE: readonly Choice[] = [
  { value: '', label: 'any time' },
  { value: '1h', label: 'the last hour' },
  { value: '24h', label: 'the last day' },
  { value: '7d', label: 'the last week' },
];

const choice = (value: string): Choice => ({ value, label: spoken(value) });

const textField = (name: string, label: string, value: string | undefined, longest: number): Html =>
  html`<label class="field"><span>${label}</span><input name="${name}" value="${value ?? ''}" placeholder="all" autocomplete="off" spellcheck="false" maxlength="${longest}"></label>`;

const filterForm = (
  { channel, reason, since, detail, campaign }: DeadFilter,
  channels: readonly string[],
): Html =>
  html`<form class="filter" action="${to.dead()}">
    ${select('channel', 'Channel', [{ value: '', label: 'all' }, ...channels.map((name) => ({ value: name, label: name }))], channel ?? '')}
    ${select('reason', 'Reason', [{ value: '', label: 'all' }, ...DEAD_REASONS.map(choice)], reason ?? '')}
    ${select('since', 'Died in', SINCE, since ?? '')}
    ${textField('campaign', 'Campaign', campaign, 100)}
    ${textField('detail', 'Error text', detail, 4000)}
    <button>Filter</button>
  </form>`;

/** Groups without their texts, if there are too many letters to read. */
type Group = DeadLetterPlan['groups'][number] & Partial<DetailGroup>;

const groupTable = (groups: readonly Group[], { now, view }: Visit, filter: DeadFilter): Html =>
  html`<section><h2>By what killed them</h2>${table(
    'Dead letters by reason and error text',
    [
      {
        head: 'Reason',
        cell: ({ channel, reason }) =>
          html`<a href="${to.dead({ channel, reason, campaign: filter.campaign })}">${spoken(reason)}</a>`,
      },
      { head: 'Channel', cell: ({ channel }) => html`<a href="${to.channel(channel)}">${channel}</a>` },
      {
        head: 'What was said',
        cell: (group) =>
          isText(group.detail)
            ? html`<a class="detail" href="${to.dead(filterOfGroup(group, filter))}">${group.detail}</a>`
            : html`<span class="detail">${group.detail}</span>`,
      },
      { head: 'Letters', figure: true, cell: (group) => count(group.letters) },
      { head: 'Oldest', cell: ({ oldest }) => when(oldest, now) },
      { head: 'Newest', cell: ({ newest }) => when(newest, now) },
      {
        head: 'For instance',
        cell: ({ example, channel }) =>
          example !== undefined && html`<a class="id" href="${to.message(example, channel)}">${example}</a>`,
      },
      ...(mayOperate(view.user)
        ? [{ head: 'All of these', cell: (group: Group) => actionsFor(group, filter) }]
        : []),
    ],
    groups,
  )}${groups.some(({ detail }) => detail === undefined) && html`<p class="muted">There are too many to read what was said: narrow them by channel, reason or time.</p>`}</section>`;

const whatToDo = (groups: readonly Group[]): Html => {
  const reasons = DEAD_REASONS.filter((reason) => groups.some((group) => group.reason === reason));
  return html`<section><h2>What to do</h2>${facts(reasons.map((reason) => [spoken(reason), ADVICE[reason]] as const))}</section>`;
};

/** Whether letters can be selected by this text: those beyond the number of groups are listed together. */
const isText = (detail: string | undefined): detail is string => Boolean(detail) && detail !== OTHER_TEXTS;

const filterOfGroup = ({ channel, reason, detail }: Group, { since, campaign }: DeadFilter): DeadFilter => ({
  ...{ channel, reason, since, campaign },
  detail: isText(detail) ? detail : undefined,
});

function actionsFor(group: Group, within: DeadFilter): Html | '' {
  if (group.detail === OTHER_TEXTS) return '';
  const filter = filterOfGroup(group, within);
  const which = `${letters(group.letters)} of ${group.channel}, ${[spoken(group.reason), filter.detail].filter(Boolean).join(': ')}`;
  return html`<span class="row-actions"><a href="${to.deadReplay(filter)}" aria-label="Replay… ${which}">Replay…</a> <a href="${to.deadPurge(filter)}" aria-label="Purge… ${which}">Purge…</a></span>`;
}

const newestTable = (newest: readonly DeadLetter[], total: number, now: number): Html =>
  html`<section><h2>Newest</h2>${table(
    'The newest dead letters',
    [
      {
        head: 'Message',
        cell: ({ id, channel }) => html`<a class="id" href="${to.message(id, channel)}">${id}</a>`,
      },
      { head: 'Channel', cell: ({ channel }) => channel },
      { head: 'Reason', cell: ({ reason }) => spoken(reason) },
      { head: 'What was said', cell: ({ detail }) => html`<span class="detail">${detail}</span>` },
      { head: 'Died', cell: ({ diedAt }) => when(diedAt, now) },
      { head: 'Attempts', figure: true, cell: ({ attempts }) => count(attempts) },
    ],
    newest.toReversed(),
    'dense',
  )}${total > newest.length && html`<p class="muted">The newest ${count(newest.length)} of ${count(total)}.</p>`}</section>`;
