import { isInstant } from '../../time.ts';
import { rescheduledTo } from './explained-ledger.ts';
import type { Facts, TimelineEntry } from './explanation.ts';
import { endText, timesText } from './story-words.ts';

export const timelineOf = (facts: Facts): TimelineEntry[] =>
  [...past(facts), ...(isOver(facts) ? [] : ahead(facts))].sort((a, b) => a.at - b.at);

/** A message with a job may have another run, whatever became of earlier ones. */
const isOver = ({ job, record }: Facts): boolean => !job || (record !== null && 'at' in record);

function past(facts: Facts): TimelineEntry[] {
  return [...beginning(facts), ...openRun(facts), ...ends(facts)];
}

function beginning({ job, letter, message, play, stopped }: Facts): TimelineEntry[] {
  const entries: TimelineEntry[] = [];
  if (play?.kind === 'played') entries.push({ at: play.at, event: 'played', text: 'its recipient played' });
  if (play?.kind === 'refused') {
    const text = 'the platform refused its recipient as not having played lately';
    entries.push({ at: play.at, event: 'play_refused', text });
  }
  const enqueuedAt = job?.enqueuedAt ?? letter?.enqueuedAt ?? null;
  if (enqueuedAt !== null && isInstant(enqueuedAt)) {
    const from = message?.sendAt ? `, to be sent from ${new Date(message.sendAt).toISOString()}` : '';
    entries.push({ at: enqueuedAt, event: 'enqueued', text: `it was enqueued${from}` });
  }
  if (job && stopped && stopped.at !== null)
    entries.push({
      at: stopped.at,
      event: 'channel_stopped',
      text: `its channel was stopped (${stopped.reason})`,
    });
  return entries;
}

function openRun({ record }: Facts): TimelineEntry[] {
  if (!record || 'at' in record) return [];
  const entries: TimelineEntry[] = [];
  if (record.since !== null) {
    const text =
      record.run === 1
        ? 'a worker first asked whether it may be sent'
        : `its replay, run ${record.run}, began`;
    entries.push({ at: record.since, event: 'run_began', text });
  }
  if (record.doubtSince !== null) {
    const text = `an attempt may have arrived: it was sent, and nothing proves what became of it`;
    entries.push({ at: record.doubtSince, event: 'in_doubt', text });
  }
  return entries;
}

/** The receipts have the ends of all runs; record and dead letter have that of the last, even if its receipt was trimmed. */
function ends({ receipts, record, letter }: Facts): TimelineEntry[] {
  const told = receipts.map(({ run, state, reason, at, attempts, platformMessageId }) => ({
    ...{ run, state, reason, at, attempts, platformMessageId },
  }));
  const known = (run: number): boolean => told.some((end) => end.run === run);
  if (record && 'at' in record && !known(record.run)) told.push({ ...record, platformMessageId: undefined });
  if (letter && !known(letter.run)) told.push({ ...letter, state: 'dead', platformMessageId: undefined });
  return told.map((end) => {
    const detail =
      letter?.run === end.run && end.state === 'dead' && letter.detail ? `: ${letter.detail}` : '';
    const id = end.platformMessageId === undefined ? '' : `, message ${end.platformMessageId} there`;
    const attempts =
      end.attempts === 0 ? 'without an attempt' : `after ${timesText(end.attempts, 'attempt')}`;
    const subject = end.run === 1 ? 'it' : `its replay, run ${end.run},`;
    const ended = end.state === 'dead' ? 'died' : `was ${end.state}`;
    const text = `${subject} ${ended} ${attempts}: ${endText(end.state, end.reason)} (${end.reason})${id}${detail}`;
    return { at: end.at, event: 'run_ended', text };
  });
}

function ahead(facts: Facts): TimelineEntry[] {
  const { now, job, message, record, slot, resting } = facts;
  const entries: TimelineEntry[] = [];
  const add = (at: number | null | undefined, event: TimelineEntry['event'], text: string): void => {
    if (at && at > now) entries.push({ at, event, text });
  };
  if (record && 'deadline' in record)
    add(record.deadline, 'deadline', 'without an outcome by then, the attempt in flight counts as unknown');
  const later = rescheduledTo(record);
  if (later !== null) add(later, 'send_at', 'it may be sent from here on, as it was rescheduled');
  else add(message?.sendAt, 'send_at', 'it may be sent from here on, by its sendAt');
  if (job?.dueAt !== later && job?.dueAt !== message?.sendAt)
    add(job?.dueAt, 'pickup', 'a worker picks it up again');
  if (slot && !slot.own) add(slot.until, 'window_ends', "its recipient's slot is free again");
  if (resting) add(resting.until, 'rest_ends', `the rest of its channel ends (${resting.reason})`);
  add(message?.expiresAt, 'expires', 'it expires: after this it is not sent any more');
  return entries;
}
