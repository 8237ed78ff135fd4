import type { WebhookStatus } from '../../admin/admin.ts';
import { webhookKey } from '../../redis/keys.ts';
import { instantText } from '../moments.ts';

/** Endpoints of webhooks as people and programs see them. */

const figure = ({ count, exact }: { count: number; exact: boolean }): string =>
  exact ? `${count}` : `at least ${count}`;
const instantOrNull = (at: number | null): string | null => (at === null ? null : instantText(at));

function standing({ endpoint, state, behind, since, restingUntil, gone }: WebhookStatus): string {
  const backlog =
    since === null ? 'no receipts wait' : `${figure(behind)} receipts wait, since ${instantText(since)}`;
  switch (state) {
    case 'unreadable':
      return `has a position that cannot be read, so nothing is posted: run \`HDEL ${webhookKey(endpoint)} at:<channel>\`, and it begins anew`;
    case 'gone':
      return `answered 410 at ${instantText(gone!)} and gets nothing more; ${backlog}`;
    case 'unserved':
      return `is not served: start \`herald worker\` or \`herald serve\`; or, if it was taken out of the configuration, have it forgotten: \`DEL ${webhookKey(endpoint)}\`; ${backlog}`;
    case 'resting':
      return `is resting until ${instantText(restingUntil!)}; ${backlog}`;
    case 'behind':
      return `is behind: ${backlog}`;
    case 'up_to_date':
      return 'is up to date';
  }
}

export const webhookLines = (webhooks: readonly WebhookStatus[]): string[] =>
  webhooks.flatMap((status) => {
    const { endpoint, missed } = status;
    const lost =
      missed && `misses ${figure(missed)} receipts that were cut off, last at ${instantText(missed.at)}`;
    return [standing(status), ...(lost ? [lost] : [])].map((text) => `webhook ${endpoint} ${text}`);
  });

/** What a program reads of an endpoint. */
export const webhookDocument = (status: WebhookStatus): object => ({
  webhook: status.endpoint,
  state: status.state,
  channels: status.channels,
  behind: status.behind,
  since: instantOrNull(status.since),
  resting_until: instantOrNull(status.restingUntil),
  gone: instantOrNull(status.gone),
  missed: status.missed && { ...status.missed, at: instantText(status.missed.at) },
});
