import type { DeadLetterPlan } from '../../admin/dead-letter-admin.ts';
import { form, hidden, isTyped, typedCount } from '../components/forms.ts';
import { icon } from '../components/state.ts';
import { empty, table } from '../components/table.ts';
import { when } from '../components/time.ts';
import { type Html, html } from '../html.ts';
import { type DeadFilter, to } from '../links.ts';
import { withNotice } from '../notices.ts';
import type { Draw, FormAction, Screen, Visit } from '../screen.ts';
import { mayOperate } from '../view.ts';
import { count, spoken } from '../words.ts';
import { filterFields, filterOf, filterText, letters, selectionOf, submittedFilter } from './dead-filter.ts';
import { instantIn } from './dead-replay.ts';

/** Deletes dead letters for good, after the user has typed their number. */

export const drawPurge: Draw = async (visit) => {
  const filter = filterOf(visit);
  const plan = await visit.view.admin.deadLetters.plan(await selectionOf(visit, filter, visit.now), 'purge');
  return screen(visit, filter, plan, visit.now);
};

export const purge: FormAction = async (visit) => {
  const { view, field, now } = visit;
  const filter = submittedFilter(visit);
  const until = instantIn(field('until'), now);
  const plan = await view.admin.deadLetters.plan(await selectionOf(visit, filter, until), 'purge');
  if (!isTyped(field('typed'), plan.letters))
    return screen(visit, filter, plan, until, `Type ${plan.letters} to purge them. Nothing was deleted.`);
  const { purged } = await view.admin.deadLetters.purge(plan);
  return withNotice(to.dead(), 'purged', purged);
};

function screen(
  visit: Visit,
  filter: DeadFilter,
  plan: DeadLetterPlan,
  until: number,
  problem?: string,
): Screen {
  const which = filterText(filter);
  return {
    title: 'Purge dead letters',
    section: 'dead',
    main: html`<h1>Purge ${letters(plan.letters)}</h1>
      <p class="callout bad">${icon('bad')}<span>They are deleted for good: nobody can replay them then.</span></p>
      <p class="muted">${which === '' ? 'All of them.' : `Those ${which}.`} What dies after this screen was drawn is not included.</p>
      ${problem !== undefined && html`<p class="problem-text" role="alert">${problem}</p>`}
      ${plan.letters === 0 ? empty('There is nothing to purge.') : html`${groupTable(plan, visit.now)}${mayOperate(visit.view.user) && order(visit, plan, { ...filterFields(filter), until: String(until) })}`}
      <p><a href="${to.dead(filter)}">Back to the dead letters</a></p>`,
  };
}

const groupTable = ({ groups }: DeadLetterPlan, now: number): Html =>
  table(
    'What is deleted',
    [
      { head: 'Reason', cell: ({ reason }) => spoken(reason) },
      { head: 'Channel', cell: ({ channel }) => channel },
      { head: 'Letters', figure: true, cell: (group) => count(group.letters) },
      { head: 'Oldest', cell: ({ oldest }) => when(oldest, now) },
      { head: 'Newest', cell: ({ newest }) => when(newest, now) },
    ],
    groups,
  );

const order = ({ csrf }: Visit, plan: DeadLetterPlan, fields: Record<string, string>): Html =>
  form(
    { action: to.deadPurge(), csrf },
    [
      hidden(fields),
      typedCount(plan.letters, 'letters'),
      html`<button class="danger">Purge ${letters(plan.letters)}</button>`,
    ],
    'order',
  );
