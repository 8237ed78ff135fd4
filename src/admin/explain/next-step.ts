import type { RecipientExplanation } from './explain-recipient.ts';
import { rescheduledTo } from './explained-ledger.ts';
import type { Facts } from './explanation.ts';

/** Says in one sentence what happens next to a message. */
export function nextStep(explanation: Facts): string {
  return `${sentence(explanation)}.`;
}

/** Says in one sentence what would happen now to a new message to this recipient. */
export function recipientOutlook({
  channel,
  stopped,
  resting,
  workers,
  ...facts
}: RecipientExplanation): string {
  const held = stopped
    ? `Channel ${channel} is stopped (${stopped.reason}); once it is resumed, `
    : resting
      ? `Channel ${channel} is resting (${resting.reason}); after that, `
      : workers === 0
        ? `No worker of channel ${channel} is alive; once one runs, `
        : '';
  const { predicted } = facts;
  const sentence = `${held}for a new message: ${predicted ? becomes(predicted, { ...facts, record: null }) : 'a worker decides'}.`;
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}`;
}

const instant = (ms: number): string => new Date(ms).toISOString();

function sentence(facts: Facts): string {
  const { job, letter, record } = facts;
  if (letter) return dead(letter, facts);
  if (!job) return withoutJob(facts);
  if (job.state === 'failed') return givenUp(facts);
  if (record && 'at' in record) return finished(record);
  if (record?.state === 'sending') {
    const until = instant(record.deadline ?? facts.now);
    return `Attempt ${record.attempts} is in flight; without an outcome by ${until} it counts as unknown`;
  }
  if (record?.state === 'asking') {
    return 'The platform is being asked whether an earlier attempt arrived; its answer decides';
  }
  if (job.state === 'active') return 'A worker is processing it';
  return `${waits(facts)}; ${then(facts)}`;
}

function withoutJob({ record, receipts, id }: Facts): string {
  const last = receipts.at(-1);
  if (record && 'at' in record) {
    const what = `It was ${record.state} (${record.reason}) at ${instant(record.at)}; nothing more happens`;
    return record.state === 'dead' ? `${what}: its dead letter was purged` : what;
  }
  if (record) {
    return `Its run ${record.run} is open, but its job was not found near the front of the queue; look it up by its job id`;
  }
  if (last) return `It was ${last.state} (${last.reason}) at ${instant(last.at)}; nothing more happens`;
  return `Nothing is known about ${id}`;
}

function dead({ reason, at, cut }: NonNullable<Facts['letter']>, { id }: Facts): string {
  const died = `It died (${reason}) at ${instant(at)} and is kept as a dead letter`;
  const anew = `Correct the application, enqueue it anew, and delete this one: \`herald dead purge ${id} --yes\``;
  if (cut) return `${died}; it cannot be replayed, since its data were too large to keep. ${anew}`;
  if (reason === 'invalid_message')
    return `${died}; a replay dies again unless the workers were upgraded to a version that reads it. ${anew}`;
  return reason === 'unconfirmed'
    ? `${died}; it may have arrived, and \`herald dead replay ${id} --reason unconfirmed --yes\` sends it again nevertheless`
    : `${died}; \`herald dead replay ${id} --yes\` tries again`;
}

type Final = Extract<NonNullable<Facts['record']>, { at: number }>;

function finished(record: Final): string {
  const what = `It was ${record.state} (${record.reason}) at ${instant(record.at)}`;
  return `${what}; the worker that picks up its job completes it without a send`;
}

function givenUp({ job }: Facts): string {
  const why = job?.failedReason ? ` (${job.failedReason})` : '';
  return `Its job was failed by the queue${why}; a worker makes it a dead letter within seconds, and then it can be replayed`;
}

function waits(facts: Facts): string {
  const { job, message, record, now, stopped, resting, channel } = facts;
  if (stopped) {
    const since = stopped.at === null ? '' : ` since ${instant(stopped.at)}`;
    return `It waits: channel ${channel} is stopped (${stopped.reason})${since} until \`herald channel resume ${channel}\``;
  }
  const due = job?.dueAt ?? 0;
  const later = rescheduledTo(record);
  if (later !== null && later > now) return `It waits until ${instant(later)}, to which it was rescheduled`;
  if (later === null && message?.sendAt && message.sendAt > now)
    return `It waits until its sendAt, ${instant(message.sendAt)}`;
  if (due > now) return `It waits until ${instant(due)}${because(facts)}`;
  if (resting) return `It waits: the channel is resting (${resting.reason}) until ${instant(resting.until)}`;
  if (facts.workers === 0)
    return `It waits: no worker of channel ${channel} is alive, start \`herald worker\``;
  return 'It is ready for the next free worker';
}

function because({ record, slot }: Facts): string {
  if (record && 'doubtSince' in record && record.doubtSince !== null) {
    return `, because attempt ${record.attempts} may have arrived`;
  }
  if (slot && !slot.own) return ` for the player's slot, ${held(slot)}`;
  if (record && record.attempts > 0)
    return `, after ${record.attempts} failed attempt${record.attempts === 1 ? '' : 's'}`;
  return '';
}

function held({ state, ownerId, owner, until }: NonNullable<Facts['slot']>): string {
  const by = ownerId === null ? `another message (${owner})` : `message ${ownerId}`;
  return state === 'held' ? `held by ${by}` : `used by ${by} until ${instant(until)}`;
}

function then(facts: Facts): string {
  const { message, predicted, job } = facts;
  if (job?.newerVersion) return `then a worker that supports version ${job.newerVersion} decides`;
  if (!message) return 'then a worker that can read it decides';
  return predicted ? `then ${becomes(predicted, facts)}` : 'then a worker decides';
}

/** Says what the verdict of admission means. */
function becomes(
  { verdict, final, until }: NonNullable<Facts['predicted']>,
  { record, slot }: Pick<Facts, 'record' | 'slot'>,
): string {
  if (final) {
    const unless = verdict === 'ineligible' ? ' unless a play is recorded before' : '';
    return `it is ${final.state} (${final.reason})${unless}`;
  }
  const later = until === null ? '' : `, until ${instant(until)} at the latest`;
  switch (verdict) {
    case 'ask':
      return 'the platform is asked whether that attempt arrived';
    case 'quota':
      return `it is deferred to the next window${until === null ? '' : `, ${instant(until)}`}`;
    case 'busy':
      return slot && !slot.own
        ? `it keeps waiting for the slot${later}`
        : `it keeps waiting for its own attempt${later}`;
    case 'boundary':
      return `it waits for the next window${until === null ? '' : `, ${instant(until)}`}`;
    case 'early':
      return `it waits for its time${until === null ? '' : `, ${instant(until)}`}`;
    case 'paused':
      return 'it waits until its campaign is resumed';
    case 'resting':
    case 'stopped':
    case 'policy_changed':
      return 'it waits until the channel resumes';
    case 'send': {
      const doubtful = record && 'doubtSince' in record && record.doubtSince !== null;
      return doubtful ? 'it is sent again, which shows whether that attempt arrived' : 'it is sent';
    }
    // Verdicts that end a run: `final` has said it.
    case 'known':
    case 'cancelled':
    case 'withdrawn':
    case 'duplicate':
    case 'expired':
    case 'ineligible':
    case 'exhausted':
    case 'unconfirmed':
      return 'it ends';
  }
}
