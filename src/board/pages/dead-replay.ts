import type { DeadLetterPlan } from '../../admin/dead-letter-admin.ts';
import type { ReplayFate } from '../../admin/replay-fate.ts';
import type { OutlookGroup, ReplayOutlook } from '../../admin/replay-outlook.ts';
import { form, hidden } from '../components/forms.ts';
import { icon } from '../components/state.ts';
import { empty, table } from '../components/table.ts';
import { when } from '../components/time.ts';
import { Refused } from '../errors.ts';
import { type Html, html } from '../html.ts';
import { to } from '../links.ts';
import { withNotice } from '../notices.ts';
import type { Draw, FormAction, Visit } from '../screen.ts';
import { mayOperate } from '../view.ts';
import { count, duration, spoken } from '../words.ts';
import { filterFields, filterOf, filterText, letters, selectionOf, submittedFilter } from './dead-filter.ts';

/** Shows what a replay would do, and starts it. */

/** How many letters are predicted: each costs Redis some microseconds. */
const PREDICTED = 2_000;
const DEFAULT_PER_SECOND = 20;

export const drawReplay: Draw = async (visit) => {
  const { view, now } = visit;
  const filter = filterOf(visit);
  const plan = await view.admin.deadLetters.plan(await selectionOf(visit, filter, now));
  const outlook = await outlookOf(visit, plan);
  const which = filterText(filter);
  return {
    title: 'Replay dead letters',
    section: 'dead',
    main: html`<h1>Replay ${letters(plan.letters)}</h1>
      <p class="muted">${which === '' ? 'All that can be replayed.' : `Those ${which}.`} Nothing has been changed yet: this is what would become of them now, by the rules that workers go by.</p>
      ${plan.warnings.map((warning) => html`<p class="callout warn">${icon('warn')}<span>${warning}</span></p>`)}
      ${plan.leftOut > 0 && html`<p><a href="${to.deadReplay({ ...filter, reason: 'unconfirmed' })}">Replay the unconfirmed ones…</a></p>`}
      ${
        plan.letters === 0
          ? empty('There is nothing to replay.')
          : html`${outlookTable(outlook, plan, now)}
      ${mayOperate(view.user) && order(visit, plan, { ...filterFields(filter), until: String(now) })}`
      }
      <p><a href="${to.dead(filter)}">Back to the dead letters</a></p>`,
  };
};

async function outlookOf({ view }: Visit, plan: DeadLetterPlan): Promise<ReplayOutlook> {
  const enough = new AbortController();
  let seen = 0;
  return await view.admin.deadLetters.predict(plan, {
    signal: enough.signal,
    onLetter() {
      seen += 1;
      if (seen >= PREDICTED) enough.abort();
    },
  });
}

const FATES: Readonly<Record<ReplayFate, string>> = {
  send: 'are sent',
  slot_taken: 'wait or are dropped: their recipients had a message in this window',
  ineligible: 'are suppressed: their recipients have not played lately',
  expired: 'are suppressed: they have expired',
  cancelled: 'are suppressed: they were cancelled',
  waits: 'wait for their time, or for another send to their recipient',
  dies: 'die again',
  active: 'stay: a send of them is in flight',
  duplicate: 'stay: another message has their id',
  cut: 'stay: their data were too large to keep',
  damaged: 'stay: their records in the ledger cannot be read',
  delivered: 'are dropped: they were delivered after all',
  gone: 'are gone: somebody replayed or purged them',
  unknown: 'are for a worker to decide',
};

const outlookTable = ({ groups, letters: seen }: ReplayOutlook, plan: DeadLetterPlan, now: number): Html =>
  html`<section><h2>What would become of them</h2>${table<OutlookGroup>(
    'What would become of them',
    [
      {
        head: 'They',
        cell: ({ fate, final }) =>
          html`<strong>${FATES[fate]}</strong>${final && html` <span class="muted">${final.state}: ${spoken(final.reason)}</span>`}`,
      },
      { head: 'Letters', figure: true, cell: (group) => count(group.letters) },
      { head: 'Channel', cell: ({ channel }) => channel },
      { head: 'Until', cell: ({ until }) => (until === null ? '' : when(until.latest, now)) },
    ],
    groups,
  )}${seen < plan.letters && html`<p class="muted">Predicted for the oldest ${count(seen)} of ${count(plan.letters)}.</p>`}
  <p class="muted">That one is sent does not mean that it is delivered: what the platform has refused, it may refuse again.</p></section>`;

const order = ({ csrf }: Visit, plan: DeadLetterPlan, fields: Record<string, string>): Html =>
  form(
    { action: to.deadReplay(), csrf },
    [
      hidden(fields),
      html`<label class="field"><span>Letters a second</span><input type="number" name="rate" value="${DEFAULT_PER_SECOND}" min="1" max="1000" required></label>`,
      html`<button class="primary">Replay ${letters(plan.letters)}</button>`,
      html`<p class="muted">About ${duration((plan.letters / DEFAULT_PER_SECOND) * 1000)} at ${DEFAULT_PER_SECOND} a second, oldest first, each with a full budget of attempts. It goes on by itself, and can be paused.</p>`,
    ],
    'order',
  );

export const startReplay: FormAction = async (visit) => {
  const { view, field, now } = visit;
  const until = instantIn(field('until'), now);
  const perSecond = Number(field('rate'));
  if (!(perSecond >= 1 && perSecond <= 1_000))
    throw new Refused(400, 'Give a rate from 1 to 1000 letters a second.');
  const filter = submittedFilter(visit);
  const selection = await selectionOf(visit, filter, until);
  // A message by its id is a single letter, which needs neither a rate nor a progress screen.
  if (filter.id !== undefined) {
    const { replayed } = await view.admin.deadLetters.replay(selection);
    return withNotice(to.message(filter.id, filter.channel), replayed > 0 ? 'replayed' : 'not_replayed');
  }
  const plan = await view.admin.deadLetters.plan(selection);
  const { channels = [], reasons = [], detail, campaign, since } = selection;
  const id = await view.backend.replays.start({
    scope: {
      channels: channels.length > 0 ? channels : await view.channels(),
      reasons,
      detail,
      campaign,
      since: since === undefined ? null : new Date(since).getTime(),
      until,
    },
    perSecond,
    by: { via: 'board', name: view.user.name },
    letters: plan.letters,
  });
  return withNotice(to.replay(id), 'replaying');
};

/** When the screen was drawn: letters that died later are not included. @throws Refused for what is no past instant */
export function instantIn(text: string | undefined, now: number): number {
  const at = Number(text);
  if (!Number.isInteger(at) || at <= 0 || at > now)
    throw new Refused(400, 'This form is broken. Open its page again.');
  return at;
}
