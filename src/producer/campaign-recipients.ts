import type { ParsedRecipient } from '../message/campaign.ts';
import type { Checked } from '../message/check.ts';
import { addressingProblem, fitProblem } from '../message/fit.ts';
import type { Problem } from '../message/problems.ts';
import type { AnyMessage } from '../message/schema.ts';
import type { Recipient } from '../platforms/port.ts';
import type { Turns } from '../turns.ts';
import { createRenderingCheck } from './campaign-rendering.ts';
import type { CampaignRules, CheckedRecipient, PreparedCampaign } from './campaign-spec.ts';
import { InvalidMessageError } from './errors.ts';

export interface CheckedBatch {
  /** In the order given, each person once. */
  recipients: CheckedRecipient[];
  duplicate: number;
  /** Those to whom the campaign cannot be sent, by their position in the batch. */
  invalid: { at: number; error: InvalidMessageError }[];
}

/**
 * @param isNew tells whether a person is the first time there; within these recipients when absent
 * @throws InvalidMessageError for content that can be rendered for nobody
 */
export type BatchCheck = (
  items: readonly unknown[],
  rules: CampaignRules,
  isNew?: Seen,
) => Promise<CheckedBatch>;

type Seen = (recipient: CheckedRecipient) => boolean;

/** Makes the check of a campaign's recipients, which is run for millions of them. */
export function createBatchCheck(
  campaign: PreparedCampaign,
  parse: (input: unknown) => Checked<ParsedRecipient>,
  turns: Turns,
): BatchCheck {
  const fitting = createFitCheck(campaign);
  const rendering = createRenderingCheck(campaign);
  const read = (input: unknown, rules: CampaignRules): CheckedRecipient | Problem[] => {
    const parsed = parse(input);
    return 'problems' in parsed ? parsed.problems : fitting(parsed.data, rules);
  };
  return async (items, rules, isNew = createSeen()) => {
    const batch: CheckedBatch = { recipients: [], duplicate: 0, invalid: [] };
    const take = (recipient: CheckedRecipient): void => {
      if (isNew(recipient)) batch.recipients.push(recipient);
      else batch.duplicate += 1;
    };
    const checked = await turns(() => items.map((item) => read(item, rules)));
    for (const [at, one] of checked.entries()) {
      let problems: Problem[] | undefined;
      if ('key' in one) problems = rendering.shared(one, rules) ?? (await turns(() => rendering.own(one)));
      else problems = one;
      if (problems.length === 0) take(one as CheckedRecipient);
      else batch.invalid.push({ at, error: new InvalidMessageError(problems) });
    }
    return batch;
  };
}

/** Whether a recipient is new. One set a field: a number names somebody only together with its field, and a text of both would cost more. */
export function createSeen(): Seen {
  const byField = new Map<string | undefined, Set<string | number>>();
  return ({ plain, key }) => {
    let seen = byField.get(plain);
    if (!seen) {
      seen = new Set();
      byField.set(plain, seen);
    }
    const before = seen.size;
    return seen.add(key).size > before;
  };
}

function createFitCheck({ definition, common }: PreparedCampaign) {
  // All recipients share one object: copying the common fields for each would cost more than everything else.
  const message = { ...common, to: {} } as AnyMessage;
  /** The recipients that numbers name, by field: how a number names somebody depends on the field alone. */
  const byNumber = new Map<string, Recipient>();

  function recipientOf(field: string | undefined, value: unknown): Recipient {
    const known = typeof value === 'number' ? byNumber.get(field!) : undefined;
    if (known) return known;
    const recipient = definition.recipient(message);
    if (typeof value === 'number') byNumber.set(field!, recipient);
    return recipient;
  }
  return (recipient: ParsedRecipient, rules: CampaignRules): CheckedRecipient | Problem[] => {
    const { to } = recipient;
    message.to = to;
    const plain = plainField(to);
    const value = plain === undefined ? undefined : (to[plain] as string | number);
    const named = recipientOf(plain, value);
    const misfit =
      plain === undefined
        ? fitProblem(message, named, rules)
        : rules.quota && addressingProblem(named, rules);
    return misfit ? [misfit] : { key: numberOf(value) ?? named.key, recipient, plain, value };
  };
}

/** The number that a value is, or is the text of: platforms that take both mean the same person. */
function numberOf(value: string | number | undefined): number | undefined {
  if (typeof value !== 'string') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) && String(number) === value ? number : undefined;
}

function plainField(to: Readonly<Record<string, unknown>>): string | undefined {
  let plain: string | undefined;
  for (const field in to) {
    const kind = typeof to[field];
    if (plain !== undefined || (kind !== 'string' && kind !== 'number')) return undefined;
    plain = field;
  }
  return plain;
}
