import type { Explanation } from '../../admin/admin.ts';
import type { DeadLetterDetails } from '../../admin/dead-letter-admin.ts';
import type { TimelineEntry } from '../../admin/explain/explanation.ts';
import { nextStep } from '../../admin/explain/next-step.ts';
import { parseDuration, parseInstant } from '../../time.ts';
import { act, form } from '../components/forms.ts';
import { icon, state, type Tone } from '../components/state.ts';
import { facts } from '../components/table.ts';
import { instant, sentence, when } from '../components/time.ts';
import { NotFound, Refused } from '../errors.ts';
import { type Html, html } from '../html.ts';
import { to } from '../links.ts';
import { withNotice } from '../notices.ts';
import type { Draw, FormAction, Visit } from '../screen.ts';
import { mayOperate } from '../view.ts';
import { counted, fieldsText, jobState, spoken } from '../words.ts';
import { ADVICE } from './dead-advice.ts';
import { saying, WITHHELD } from './message-content.ts';

/** One message: what became of it, why, and what happens next. */

const REFRESH_MS = 5_000;

export const drawMessage: Draw = async (visit) => {
  const { view } = visit;
  const id = visit.param('id');
  const found = await view.explain(id, visit.query('channel'));
  if (found.length === 0)
    throw new NotFound(
      `Nothing is known about a message ${id}: neither the queues nor the ledger nor the receipts have it.`,
    );
  const letters = view.mine(await view.admin.deadLetters.show(id));
  const ended = found.every(({ job }) => job === null);
  return {
    title: id,
    refreshMs: ended ? undefined : REFRESH_MS,
    main: html`${found.map((each) =>
      story(
        each,
        letters.find(({ channel }) => channel === each.channel),
        { ...visit, now: each.now },
      ),
    )}`,
  };
};

function story(explanation: Explanation, letter: DeadLetterDetails | undefined, visit: Visit): Html {
  const { channel, id, timeline } = explanation;
  const { tone, word } = stateOf(explanation);
  return html`<article>
    <div class="heading"><div><h1 class="id">${id}</h1><p class="muted"><a href="${to.channel(channel)}">${channel}</a> · ${state(tone, word)}</p></div>
    ${mayOperate(visit.view.user) && controls(explanation, visit)}</div>
    <p class="callout ${tone}">${icon(tone)}<span>${sentence(nextStep(explanation), visit.now)}</span></p>
    ${letter && html`<p class="callout note">${icon('note')}<span>${ADVICE[letter.reason]}</span></p>`}
    <div class="columns">
      <section><h2>Its story</h2>${timelineOf(timeline, visit.now)}
      ${!explanation.receiptsComplete && html`<p class="muted">Older receipts were not read: the story may begin earlier.</p>`}</section>
      <section><h2>What is known</h2>${known(explanation, visit.now)}</section>
    </div>
    ${explanation.job && explanation.message && saying(explanation.content, visit)}
    ${letter && content(letter, visit)}
  </article>`;
}

/** Its latest known state. */
function stateOf({ record, letter, job, receipts }: Explanation): { tone: Tone; word: string } {
  if (letter) return { tone: 'bad', word: `dead: ${spoken(letter.reason)}` };
  const end = record && 'at' in record ? record : job ? undefined : receipts.at(-1);
  if (end?.state === 'delivered') return { tone: 'good', word: 'delivered' };
  if (end?.state === 'suppressed') return { tone: 'idle', word: `suppressed: ${spoken(end.reason)}` };
  if (end) return { tone: 'bad', word: `dead: ${spoken(end.reason)}` };
  if (record && 'doubtSince' in record && record.doubtSince !== null)
    return { tone: 'warn', word: 'in doubt' };
  return { tone: 'note', word: job ? jobState(job.state) : 'open' };
}

const timelineOf = (entries: readonly TimelineEntry[], now: number): Html =>
  html`<ol class="timeline">${entries.map(
    ({ at, event, text }) =>
      html`<li class="${at > now ? 'ahead' : 'past'} ${event}"><p>${sentence(whole(text), now)}</p><p class="muted">${instant(at, now)} · ${when(at, now)}</p></li>`,
  )}</ol>`;

const whole = (text: string): string =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;

function known(explanation: Explanation, now: number): Html {
  const { channel, campaign, job, message, record, slot, play, letter, receipts, workers } = explanation;
  const recipient = message?.to ?? receipts.findLast((receipt) => receipt.to !== undefined)?.to;
  const meta = receipts.findLast((receipt) => receipt.meta !== undefined)?.meta;
  return facts([
    recipient !== undefined && [
      'Recipient',
      html`<a class="id" href="${to.player(channel, recipient)}">${fieldsText(recipient)}</a>`,
    ],
    campaign !== null && [
      'Campaign',
      html`<a class="id" href="${to.campaign(channel, campaign)}">${campaign}</a>`,
    ],
    job !== null && ['Job', html`<span class="id">${job.id}</span>`],
    job !== null && ['Picked up', counted(job.pickups, 'time')],
    record !== null && ['Run', `${record.run}, ${counted(record.attempts, 'attempt')}`],
    letter !== null && [
      'What killed it',
      html`<span class="detail">${letter.detail || spoken(letter.reason)}</span>`,
    ],
    slot !== null && ['Slot of the recipient', slotText(slot, channel)],
    slot !== null && ['Slot free', when(slot.until, now)],
    play !== null && [
      'Recipient',
      html`${play.kind === 'played' ? 'played' : 'refused as not having played'} ${when(play.at, now)}`,
    ],
    message?.sendAt != null && ['Not before', when(message.sendAt, now)],
    message !== null && ['Expires', when(message.expiresAt, now)],
    message !== null && [
      'If the quota is spent',
      message.onQuota === 'drop' ? 'it is dropped' : 'it waits for the next window',
    ],
    meta !== undefined && ['Meta', html`<span class="detail">${fieldsText(meta)}</span>`],
    ['Workers', workers === 0 ? 'none alive' : counted(workers, 'worker')],
  ]);
}

export function slotText(
  { state: held, own, ownerId }: NonNullable<Explanation['slot']>,
  channel: string,
): Html {
  const verb = { held: 'held', sent: 'used', taken: 'taken' }[held];
  if (own) return html`${verb} by this message`;
  if (ownerId === null) return html`${verb} by another message`;
  return html`${verb} by <a class="id" href="${to.message(ownerId, channel)}">${ownerId}</a>`;
}

/** The error text is for those who have to fix it. */
function content(letter: DeadLetterDetails, { view }: Visit): Html {
  const fields = html`<pre>${JSON.stringify(letter.message, null, 2)}</pre>`;
  if (!view.seesContent)
    return html`<section><h2>The dead letter</h2>${fields}<p class="muted">${WITHHELD}</p></section>`;
  return html`<section><h2>The dead letter</h2>${fields}
    <details><summary>Content</summary><pre>${typeof letter.content === 'string' ? letter.content : JSON.stringify(letter.content, null, 2)}</pre></details></section>`;
}

function controls({ channel, id, letter, job, record }: Explanation, { csrf }: Visit): Html {
  const target = (order: string) => ({ action: `${to.message(id)}/${order}`, csrf });
  if (letter)
    return html`<div class="actions"><a class="button primary" href="${to.deadReplay({ channel, id, reason: letter.reason })}">Replay…</a><a class="button" href="${to.deadPurge({ channel, id })}">Purge…</a></div>`;
  const isOpen = job !== null && !(record && 'at' in record);
  if (!isOpen) return html`<div class="actions"></div>`;
  return html`<div class="actions">
    ${form(
      target('reschedule'),
      html`<input type="hidden" name="channel" value="${channel}"><label class="unseen" for="at-${channel}">Send it at</label><input id="at-${channel}" name="at" placeholder="2h or 2026-01-31T12:00Z" autocomplete="off" required size="22"><button>Reschedule</button>`,
      'inline',
    )}
    ${act(target('cancel'), 'Cancel the message', { channel }, 'danger')}
  </div>`;
}

export const cancelMessage: FormAction = async ({ view, param, field }) => {
  const channel = view.require(field('channel') ?? '');
  const results = await view.admin.cancel(param('id'), { channel });
  const cancelled = results.filter(({ status }) => status === 'cancelled').length;
  const back = to.message(param('id'), channel);
  return cancelled > 0 ? withNotice(back, 'cancelled', cancelled) : withNotice(back, 'too_late');
};

export const rescheduleMessage: FormAction = async ({ view, param, field, now }) => {
  const channel = view.require(field('channel') ?? '');
  const text = field('at') ?? '';
  const inMs = parseDuration(text);
  const sendAt = inMs === undefined ? parseInstant(text) : new Date(now + inMs);
  if (!sendAt || Number.isNaN(sendAt.getTime()))
    throw new Refused(400, 'Give a time such as 2h (from now) or 2026-01-31T12:00Z.');
  const results = await view.admin.reschedule(param('id'), { channel, sendAt });
  const changed = results.filter(({ status }) => status === 'rescheduled').length;
  const back = to.message(param('id'), channel);
  return changed > 0 ? withNotice(back, 'rescheduled', changed) : withNotice(back, 'too_late');
};
