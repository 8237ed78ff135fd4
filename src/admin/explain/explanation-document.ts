import { foreignInstantText } from '../../time.ts';
import type { RecipientExplanation } from './explain-recipient.ts';
import type { Explanation } from './explanation.ts';
import { nextStep, recipientOutlook } from './next-step.ts';

/** Explanations as JSON documents, for `herald explain --json` and the HTTP API. */

/** The fields that hold milliseconds since the epoch: they become ISO instants. */
const INSTANTS = new Set([
  'now',
  'at',
  'since',
  'until',
  'deadline',
  'doubtSince',
  'rescheduledTo',
  'enqueuedAt',
  'dueAt',
  'sendAt',
  'expiresAt',
]);

/** How field names are written: in snake case on the command line, unchanged over HTTP. */
type Naming = (name: string) => string;
const snake: Naming = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export function toFields(part: object, named = snake): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(part).map(([name, value]) => [
      named(name),
      INSTANTS.has(name) && typeof value === 'number' ? foreignInstantText(value) : value,
    ]),
  );
}

export const EXPLAINED_PARTS = [
  'job',
  'letter',
  'message',
  'record',
  'slot',
  'play',
  'predicted',
  'stopped',
  'resting',
] as const;

/** The explanation of a message, with instants as ISO text. */
export function explanationDocument(explanation: Explanation, named = snake): object {
  const fields = (part: object) => toFields(part, named);
  return {
    channel: explanation.channel,
    id: explanation.id,
    now: foreignInstantText(explanation.now),
    next: nextStep(explanation),
    ...Object.fromEntries(
      EXPLAINED_PARTS.map((part) => [part, explanation[part] && fields(explanation[part])]),
    ),
    workers: explanation.workers,
    receipts: explanation.receipts.map(fields),
    [named('receiptsComplete')]: explanation.receiptsComplete,
    timeline: explanation.timeline.map(fields),
  };
}

export const RECIPIENT_PARTS = ['slot', 'play', 'predicted', 'stopped', 'resting'] as const;

/** The same for a recipient. */
export const recipientDocument = (found: RecipientExplanation): object => ({
  channel: found.channel,
  to: found.to,
  now: foreignInstantText(found.now),
  next: recipientOutlook(found),
  ...Object.fromEntries(RECIPIENT_PARTS.map((part) => [part, found[part] && toFields(found[part])])),
  workers: found.workers,
  waiting: found.waiting.map((each) => toFields(each)),
  receipts: found.receipts.map((each) => toFields(each)),
  receipts_complete: found.receiptsComplete,
});
