import type { Explanation } from './explain.ts';
import type { RecipientExplanation } from './explain-recipient.ts';

/** What happens next with a message, as one plain sentence. */
export function nextStep(explanation: Explanation): string {
  return `${sentence(explanation)}.`;
}

/** What a message to this recipient would come to now, as one plain sentence. */
export function recipientOutlook({
  channel,
  stopped,
  resting,
  workers,
  ...facts
}: RecipientExplanation): string {
  const held = stopped
    ? `Channel ${channel} is stopped (${stopped.reason}); once it goes on, `
    : resting
      ? `Channel ${channel} rests (${resting.reason}); then `
      : workers === 0
        ? `No worker of channel ${channel} is alive; once one is, `
        : '';
  const { predicted } = facts;
  const sentence = `${held}a message that is taken up: ${predicted ? becomes(predicted, { ...facts, record: null }) : 'a worker decides'}.`;
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}`;
}

const instant = (ms: number): string => new Date(ms).toISOString();

type Facts = Explanation;

function sentence(facts: Facts): string {
  const { job, letter, record } = facts;
  if (letter) return dead(letter, facts);
  if (!job) return withoutJob(facts);
  if (job.state === 'failed') return givenUp(facts);
  if (record && 'at' in record) return finished(record);
  if (record?.state === 'sending') {
    const until = instant(record.deadline ?? facts.now);
    return `Attempt ${record.attempts} is under way; it has an outcome by ${until}, or counts as unknown from then on`;
  }
  if (record?.state === 'asking') {
    return 'The platform is being asked whether an earlier attempt arrived; the answer decides';
  }
  if (job.state === 'active') return 'A worker has it in hand and is about to decide';
  return `${waits(facts)}; ${then(facts)}`;
}

function withoutJob({ record, receipts, id }: Facts): string {
  const last = receipts.at(-1);
  if (record && 'at' in record) {
    const what = `It was ${record.state} (${record.reason}) at ${instant(record.at)}; nothing more happens`;
    return record.state === 'dead' ? `${what}, for the letter was deleted` : what;
  }
  if (record) {
    return `Its run ${record.run} is open and no job of it was found among the first of the queue; ask again by its job id`;
  }
  if (last) return `It was ${last.state} (${last.reason}) at ${instant(last.at)}; nothing more happens`;
  return `Nothing is known of ${id}`;
}

function dead({ reason, at }: NonNullable<Facts['letter']>, { id }: Facts): string {
  return `It was dead (${reason}) at ${instant(at)} and is a dead letter; \`herald dead replay ${id} --yes\` tries again`;
}

type Final = Extract<NonNullable<Facts['record']>, { at: number }>;

function finished(record: Final): string {
  const what = `It was ${record.state} (${record.reason}) at ${instant(record.at)}`;
  return `${what}; the worker that takes its job up finds that and ends it without a send`;
}

function givenUp({ job }: Facts): string {
  const why = job?.failedReason ? ` (${job.failedReason})` : '';
  return `Its job was given up by the queue${why}; a worker takes it up within seconds, then it can be replayed`;
}

function waits(facts: Facts): string {
  const { job, message, now, stopped, resting, channel } = facts;
  if (stopped) {
    const since = stopped.at === null ? '' : ` since ${instant(stopped.at)}`;
    return `It waits, for channel ${channel} is stopped (${stopped.reason})${since} until \`herald channel resume ${channel}\``;
  }
  const due = job?.dueAt ?? 0;
  if (message?.sendAt && message.sendAt > now) return `It waits until ${instant(message.sendAt)}, its sendAt`;
  if (due > now) return `It waits until ${instant(due)}${because(facts)}`;
  if (resting) return `It waits, for the channel rests (${resting.reason}) until ${instant(resting.until)}`;
  if (facts.workers === 0)
    return `It waits, for no worker of channel ${channel} is alive: start \`herald worker\``;
  return 'It is ready for the next free worker';
}

function because({ record, slot }: Facts): string {
  if (record && 'doubtSince' in record && record.doubtSince !== null) {
    return `, since attempt ${record.attempts} may have arrived`;
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
  if (job?.newerVersion) return `then a worker that reads version ${job.newerVersion} decides`;
  if (!message) return 'then a worker that can read it decides';
  return predicted ? `then ${becomes(predicted, facts)}` : 'then a worker decides';
}

/** As admission decides: what the verdict means, in words. */
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
        ? `it waits on for the slot${later}`
        : `it waits on for its own attempt${later}`;
    case 'boundary':
      return `it waits for the next window${until === null ? '' : `, ${instant(until)}`}`;
    default: {
      const doubtful = record && 'doubtSince' in record && record.doubtSince !== null;
      return doubtful ? 'it is sent again, which tells whether that attempt arrived' : 'it is sent';
    }
  }
}
