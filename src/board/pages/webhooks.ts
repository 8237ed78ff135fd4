import type { WebhookStatus } from '../../admin/admin.ts';
import { channelLinks } from '../components/channel-links.ts';
import { state, type Tone } from '../components/state.ts';
import { table } from '../components/table.ts';
import { lasting, when } from '../components/time.ts';
import { type Html, html } from '../html.ts';
import { WEBHOOKS } from '../links.ts';
import { count, spoken } from '../words.ts';

/** The webhook endpoints, as a part of the screen Now. */

const TONES: Readonly<Record<WebhookStatus['state'], Tone>> = {
  up_to_date: 'good',
  behind: 'note',
  resting: 'warn',
  unserved: 'warn',
  gone: 'bad',
  unreadable: 'bad',
};

const stateOf = ({ state: standing }: WebhookStatus): Html =>
  state(TONES[standing], standing === 'unserved' ? 'not served' : spoken(standing));

const figure = ({ count: many, exact }: WebhookStatus['behind']): string =>
  exact ? count(many) : `at least ${count(many)}`;

export const webhookTable = (webhooks: readonly WebhookStatus[], now: number): Html | '' =>
  webhooks.length === 0
    ? ''
    : html`<section aria-labelledby="${WEBHOOKS}"><h2 id="${WEBHOOKS}">Webhooks</h2>${table(
        'Endpoints that receipts are posted to',
        [
          { head: 'Endpoint', cell: ({ endpoint }) => endpoint },
          { head: 'State', cell: (each) => stateOf(each) },
          { head: 'Channels', cell: ({ channels }) => channelLinks(channels) },
          {
            head: 'Receipts that wait',
            figure: true,
            cell: ({ behind, since }) =>
              html`${figure(behind)}${since !== null && html` <span class="muted">${lasting(since, now)}</span>`}`,
          },
          {
            head: 'Rests until',
            cell: ({ restingUntil }) => (restingUntil === null ? '' : when(restingUntil, now)),
          },
          {
            head: 'Missed',
            figure: true,
            cell: ({ missed }) =>
              missed === null
                ? '0'
                : html`${figure(missed)} <span class="muted">last ${when(missed.at, now)}</span>`,
          },
        ],
        webhooks,
        'dense',
      )}</section>`;
