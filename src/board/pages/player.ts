import type { RecipientExplanation } from '../../admin/admin.ts';
import { recipientOutlook } from '../../admin/explain/next-step.ts';
import type { ListedJob } from '../../admin/queue-list.ts';
import type { Receipt } from '../../receipts/receipts.ts';
import { icon, state, type Tone } from '../components/state.ts';
import { empty, facts, table } from '../components/table.ts';
import { sentence, when } from '../components/time.ts';
import { Refused } from '../errors.ts';
import { type Html, html } from '../html.ts';
import { to } from '../links.ts';
import type { Draw, Visit } from '../screen.ts';
import { count, fieldsText, jobState, spoken } from '../words.ts';
import { slotText } from './message.ts';

/** One recipient of a channel: whether they may get a message now, and what they got. */

export const drawPlayer: Draw = async (visit) => {
  const { view } = visit;
  const channel = view.require(visit.param('channel'));
  const recipient = recipientIn(visit);
  const known = await view.admin.explainRecipient(recipient, { channel });
  const { now } = known;
  const name = fieldsText(recipient);
  return {
    title: name,
    main: html`<div class="heading"><div><h1 class="id">${name}</h1><p class="muted">a recipient of <a href="${to.channel(channel)}">${channel}</a></p></div></div>
      <p class="callout note">${icon('note')}<span>${sentence(recipientOutlook(known), now)}</span></p>
      <div class="columns">
        <section><h2>Today</h2>${today(known)}</section>
        <section><h2>What waits for them</h2>${waiting(known.waiting, channel, now)}</section>
      </div>
      <section><h2>Recent messages</h2>${recent(known, channel)}</section>`,
  };
};

function recipientIn({ query }: Visit): unknown {
  try {
    return JSON.parse(query('to') ?? '');
  } catch {
    throw new Refused(400, 'Name the recipient as JSON, such as {"userId":32}.');
  }
}

const today = ({ slot, play, channel, now }: RecipientExplanation): Html =>
  facts([
    [
      'Slot',
      slot ? slotText({ ...slot, own: false }, channel) : 'free: nothing was sent to them in this window',
    ],
    slot !== null && ['Free again', when(slot.until, now)],
    ['Last play', playText(play, now)],
  ]);

function playText(play: RecipientExplanation['play'], now: number): Html | string {
  if (!play) return 'none is known';
  return play.kind === 'played'
    ? when(play.at, now)
    : html`refused by the platform as not having played, ${when(play.at, now)}`;
}

const waiting = (jobs: readonly ListedJob[], channel: string, now: number): Html =>
  jobs.length === 0
    ? empty('Nothing among the first messages of each state.')
    : table(
        'Messages that wait for this recipient',
        [
          {
            head: 'Message',
            cell: ({ id, jobId }) =>
              html`<a class="id" href="${to.message(id ?? jobId, channel)}">${id ?? jobId}</a>`,
          },
          { head: 'State', cell: ({ state: each }) => jobState(each) },
          { head: 'Due', cell: ({ dueAt }) => (dueAt === null ? 'now' : when(dueAt, now)) },
        ],
        jobs,
      );

const TONES: Readonly<Record<Receipt['state'], Tone>> = {
  delivered: 'good',
  suppressed: 'idle',
  dead: 'bad',
};

function recent({ receipts, receiptsComplete, now }: RecipientExplanation, channel: string): Html {
  if (receipts.length === 0)
    return empty('None is known. Receipts name recipients only on channels with discloseRecipients.');
  return html`${table(
    'Recent messages to this recipient',
    [
      { head: 'Message', cell: ({ id }) => html`<a class="id" href="${to.message(id, channel)}">${id}</a>` },
      {
        head: 'End',
        cell: (receipt) => state(TONES[receipt.state], `${receipt.state}: ${spoken(receipt.reason)}`),
      },
      { head: 'When', cell: ({ at }) => when(at, now) },
      { head: 'Attempts', figure: true, cell: ({ attempts }) => count(attempts) },
      {
        head: 'Meta',
        cell: ({ meta }) => (meta === undefined ? '' : html`<span class="detail">${fieldsText(meta)}</span>`),
      },
    ],
    receipts.toReversed(),
  )}${!receiptsComplete && html`<p class="muted">Older receipts were not read.</p>`}`;
}
