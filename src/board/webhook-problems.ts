import type { WebhookStatus } from '../admin/admin.ts';
import { to } from './links.ts';
import { BEHIND_MS, type Problem } from './problems.ts';
import { count } from './words.ts';

/** What is wrong with a webhook endpoint, since when, and what to do. Pure. */

const DAY_MS = 86_400_000;
/** Within this time another process takes over from one that ended. */
const UNSERVED_MS = 60_000;

/** @param now the store's clock, milliseconds since the epoch */
export function webhookProblemsOf(status: WebhookStatus, now: number): Problem[] {
  return [standingOf(status, now), missedOf(status, now)].filter((problem) => problem !== undefined);
}

const problem = (
  { endpoint }: WebhookStatus,
  fields: Pick<Problem, 'tone' | 'title' | 'since' | 'advice'>,
): Problem => ({
  subject: endpoint,
  ...fields,
  link: { href: to.webhooks, label: 'See the webhooks' },
});

function standingOf(status: WebhookStatus, now: number): Problem | undefined {
  const { state, since, gone, behind } = status;
  const waitsMs = since === null ? 0 : now - since;
  const receipts = `${receiptsText(behind)} wait${behind.count === 1 && behind.exact ? 's' : ''}`;
  switch (state) {
    case 'unreadable':
      return problem(status, {
        ...{ tone: 'bad', title: 'Webhook unreadable', since: null },
        advice:
          'What Redis has of how far it is cannot be read, and nothing is posted. herald status says how to have it begin anew.',
      });
    case 'gone':
      return problem(status, {
        ...{ tone: 'warn', title: 'Webhook gone', since: gone },
        advice:
          'It answered 410 and gets no receipts any more. Have it answer 2xx and start a worker again, or take it out of the configuration.',
      });
    case 'unserved':
      if (waitsMs < UNSERVED_MS) return undefined;
      // An endpoint that was removed from the configuration is known until its record expires.
      return problem(status, {
        ...{ tone: waitsMs < DAY_MS ? 'warn' : 'note', title: 'Webhook not served', since },
        advice: `${receipts}, and no process posts them. Start herald worker or herald serve with it. One that was taken out of the configuration is forgotten after 90 days; herald status says how to have it forgotten at once.`,
      });
    case 'resting':
      return problem(status, {
        ...{ tone: waitsMs < BEHIND_MS ? 'note' : 'warn', title: 'Webhook resting', since },
        advice: `${receipts}: it fails, or asked for a pause, and is tried again by itself. The log of the process that posts has what it answers.`,
      });
    case 'behind':
      if (waitsMs < BEHIND_MS) return undefined;
      return problem(status, {
        ...{ tone: 'warn', title: 'Webhook behind', since },
        advice: `${receipts}. It takes them more slowly than channels deliver: raise its concurrency, or make it answer first and work afterwards.`,
      });
    case 'up_to_date':
      return undefined;
  }
}

function missedOf(status: WebhookStatus, now: number): Problem | undefined {
  const { missed } = status;
  // After a day it is only in the table.
  if (!missed || now - missed.at > DAY_MS) return undefined;
  return problem(status, {
    ...{ tone: 'warn', title: 'Webhook misses receipts', since: missed.at },
    advice: `${receiptsText(missed)} had been cut off before they were posted, and do not come any more. Raise receipts.keep; a message's own story tells what became of it.`,
  });
}

/** `1 receipt`, `at least 1,000 receipts`. */
const receiptsText = ({ count: many, exact }: WebhookStatus['behind']): string =>
  `${exact ? '' : 'At least '}${count(many)} receipt${many === 1 && exact ? '' : 's'}`;
