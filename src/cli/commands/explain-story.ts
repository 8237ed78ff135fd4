import type { Explanation } from '../../admin/admin.ts';
import { nextStep } from '../../admin/explain/next-step.ts';
import { timesText } from '../../admin/explain/story-words.ts';
import { ageText, instantText } from '../moments.ts';
import { type Cell, type Output, printable } from '../output.ts';

/** A message's story: what happened when and why, where it stands now, and what is to come. */
export function storyText(explanation: Explanation, output: Output): string {
  const { id, channel, message, now, timeline, receiptsComplete } = explanation;
  const present = presentText(explanation);
  const row = (at: number, text: string): Cell[] => [instantText(at), distanceText(at - now), text];
  const rows = [
    ...timeline.filter(({ at }) => at <= now).map(({ at, text }) => row(at, text)),
    ...(present === undefined ? [] : [[instantText(now), 'now', present]]),
    ...timeline.filter(({ at }) => at > now).map(({ at, text }) => row(at, text)),
  ];
  return [
    `${printable(id)} in channel ${channel}`,
    ...(message ? [`to ${printable(JSON.stringify(message.to))}`] : []),
    '',
    ...(rows.length > 0 ? [output.table(['when', '', 'what'], rows)] : []),
    ...(receiptsComplete ? [] : ['(older receipts were not read)']),
    '',
    printable(nextStep(explanation)),
  ].join('\n');
}

const distanceText = (ms: number): string => (ms <= 0 ? `${ageText(-ms)} ago` : `in ${ageText(ms)}`);

/** Undefined for a message that waits for nothing. */
function presentText({ job, record }: Explanation): string | undefined {
  if (!job) return undefined;
  const queue = `its job is ${job.state}, picked up ${timesText(job.pickups, 'time')} so far`;
  if (!record || 'at' in record) return queue;
  const run = record.run === 1 ? '' : ` of run ${record.run}`;
  const attempts =
    record.attempts === 0 ? `no attempt${run} yet` : `${timesText(record.attempts, 'attempt')}${run}`;
  return `${queue}; ${attempts}`;
}
