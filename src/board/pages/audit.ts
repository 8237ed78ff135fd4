import type { Action, RecordedAct } from '../../admin/audit.ts';
import { channelLinks } from '../components/channel-links.ts';
import { empty, table } from '../components/table.ts';
import { when } from '../components/time.ts';
import { type Html, html, type Piece } from '../html.ts';
import { to } from '../links.ts';
import type { Draw } from '../screen.ts';
import { count, fieldsText } from '../words.ts';

/** Who did what, when, to how many messages, and by which filter. */

const LISTED = 100;

export const drawAudit: Draw = async (visit) => {
  const { view, now } = visit;
  const before = visit.query('before');
  const { acts, older } = await view.admin.acts({ before, limit: LISTED });
  const seen = acts.filter(view.seesAct);
  return {
    title: 'Audit',
    section: 'audit',
    main: html`<h1>Audit</h1><p class="muted">What was done by the board, the API, the command line and programs; about the last 10,000 acts.</p>
      ${seen.length === 0 ? empty('Nothing was done.') : actTable(seen, now)}
      <p class="pages">${before !== undefined && html`<a href="${to.audit()}">Newest</a>`} ${older !== null && html`<a href="${to.audit(older)}">Older</a>`}</p>`,
  };
};

const WORDS: Readonly<Record<Action, string>> = {
  'channel.pause': 'paused a channel',
  'channel.resume': 'resumed a channel',
  'channel.forget': 'forgot a channel',
  'message.cancel': 'cancelled a message',
  'message.reschedule': 'rescheduled a message',
  'recipient.cancel': 'cancelled what waited for a recipient',
  'campaign.pause': 'paused a campaign',
  'campaign.resume': 'resumed a campaign',
  'campaign.cancel': 'cancelled a campaign',
  'dead.replay': 'replayed dead letters',
  'dead.purge': 'purged dead letters',
  'replay.pause': 'paused a replay',
  'replay.resume': 'resumed a replay',
  'replay.cancel': 'cancelled a replay',
  'token.create': 'created a token',
  'token.rotate': 'rotated a token',
  'token.finish': 'ended the former secret of a token',
  'token.revoke': 'revoked a token',
  'board.link': 'made a link to the board',
  'board.sign_in': 'signed in to the board',
};

const OUTCOMES: Readonly<Record<RecordedAct['outcome'], string>> = {
  done: '',
  began: 'began',
  interrupted: 'interrupted',
};

const actTable = (acts: readonly RecordedAct[], now: number): Html =>
  table(
    'Acts of operators',
    [
      { head: 'When', cell: ({ at }) => when(at, now) },
      {
        head: 'Who',
        cell: ({ actor }) => html`<strong>${actor.name}</strong> <span class="muted">${actor.via}</span>`,
      },
      {
        head: 'What',
        cell: ({ action, outcome }) =>
          html`${WORDS[action]}${OUTCOMES[outcome] !== '' && html` <span class="muted">${OUTCOMES[outcome]}</span>`}`,
      },
      { head: 'To', cell: targetOf },
      { head: 'Channels', cell: ({ channels }) => channelLinks(channels) },
      { head: 'How many', figure: true, cell: ({ count: many }) => (many === null ? '' : count(many)) },
      {
        head: 'Filter',
        cell: ({ filter }) =>
          filter === null ? '' : html`<span class="detail">${fieldsText(filter)}</span>`,
      },
    ],
    acts,
  );

function targetOf({ action, target, channels: [channel, ...others] }: RecordedAct): Piece {
  if (target === null) return '';
  if (action.startsWith('message.')) return html`<a class="id" href="${to.message(target)}">${target}</a>`;
  if (action.startsWith('campaign.') && channel !== undefined && others.length === 0)
    return html`<a class="id" href="${to.campaign(channel, target)}">${target}</a>`;
  if (action === 'recipient.cancel' && channel !== undefined) return recipientLink(channel, target);
  if (action.startsWith('replay.')) return html`<a class="id" href="${to.replay(target)}">${target}</a>`;
  return html`<span class="id">${target}</span>`;
}

function recipientLink(channel: string, target: string): Html {
  try {
    const recipient: unknown = JSON.parse(target);
    return html`<a class="id" href="${to.player(channel, recipient)}">${fieldsText(recipient)}</a>`;
  } catch {
    // Other programs may write anything to the stream.
    return html`<span class="id">${target}</span>`;
  }
}
