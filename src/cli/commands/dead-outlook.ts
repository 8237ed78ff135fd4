import type { Admin } from '../../admin/admin.ts';
import type { DeadLetterPlan } from '../../admin/dead-letter-admin.ts';
import type { PredictedLetter, ReplayFate } from '../../admin/replay-fate.ts';
import type { OutlookGroup, ReplayOutlook } from '../../admin/replay-outlook.ts';
import { instantText } from '../moments.ts';
import type { Cell, Output } from '../output.ts';
import { startProgress } from '../progress.ts';
import type { Invocation } from '../shell.ts';

/** Shows what would become of dead letters that are replayed now. */

const FATES: Readonly<Record<ReplayFate, string>> = {
  send: 'sent',
  slot_taken: "waits for its recipient's slot",
  ineligible: 'suppressed: not eligible',
  expired: 'suppressed: expired',
  cancelled: 'suppressed: cancelled',
  waits: 'waits for its time, or for another send to its recipient',
  dies: 'dead again',
  active: 'not replayed: a send of it is in flight',
  duplicate: 'not replayed: another message of its id has not ended, or did less than a day ago',
  cut: 'not replayed: its data were too large to keep',
  damaged: 'not replayed: its record in the ledger cannot be read',
  delivered: 'dropped: its delivery was proven since',
  gone: 'gone meanwhile',
  unknown: 'not known: workers of another version decide',
};

function fateText({ fate, final }: Pick<PredictedLetter, 'fate' | 'final'>): string {
  if (fate === 'slot_taken' && final) return "suppressed: its recipient's slot is taken";
  return fate === 'dies' && final ? `${FATES.dies}: ${final.reason}` : FATES[fate];
}

/**
 * Predicts all letters of the plan, with progress, until it is interrupted.
 * @param each prints each letter: at once with `--json`, else as a table at the end
 */
export async function predictPlan(
  { deadLetters }: Admin,
  plan: DeadLetterPlan,
  { context, output }: Invocation,
  each: boolean,
): Promise<ReplayOutlook> {
  const { stderr: stream, clock, signal } = context;
  const progress = startProgress({ stream, clock, noun: 'dead letters predicted', total: plan.letters });
  const rows: Cell[][] = [];
  let count = 0;
  const onLetter = (letter: PredictedLetter): void => {
    count += 1;
    progress.update(count, count);
    if (each && output.json) output.result(letterDocument(letter), () => '');
    else if (each) rows.push(letterRow(letter));
  };
  const outlook = await deadLetters.predict(plan, { signal, onLetter }).finally(() => progress.stop());
  if (rows.length > 0)
    output.result(null, () => `${output.table(['channel', 'id', 'reason', 'would be', 'until'], rows)}\n`);
  return outlook;
}

const letterRow = (letter: PredictedLetter): Cell[] => [
  letter.channel,
  letter.id,
  letter.reason,
  fateText(letter),
  letter.until === null ? null : instantText(letter.until),
];

const letterDocument = ({ jobId, diedAt, until, ...letter }: PredictedLetter): object => ({
  ...letter,
  job_id: jobId,
  died_at: instantText(diedAt),
  until: until === null ? null : instantText(until),
});

const spanText = (until: OutlookGroup['until']): string | null => {
  if (!until) return null;
  const [earliest, latest] = [instantText(until.earliest), instantText(until.latest)];
  return earliest === latest ? earliest : `${earliest} to ${latest}`;
};

export const outlookRows = ({ groups }: ReplayOutlook, output: Output): string =>
  output.table(
    ['channel', 'dead letters', 'would be', 'until'],
    groups.map((group) => [group.channel, group.letters, fateText(group), spanText(group.until)]),
  );

export const outlookDocuments = ({ groups }: ReplayOutlook): object[] =>
  groups.map(({ until, ...group }) => ({
    ...group,
    until: until && { earliest: instantText(until.earliest), latest: instantText(until.latest) },
  }));
