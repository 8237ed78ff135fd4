import { InvalidArgumentError } from 'commander';
import { type ListedJob, listQueue } from '../../admin/queue-list.ts';
import { count } from '../../config/values.ts';
import { LISTED_STATES, type ListedState } from '../../jobs/channel-queue.ts';
import { foreignInstantText } from '../../time.ts';
import { EXIT } from '../context.ts';
import { checkChannels, withInstallation } from '../installation.ts';
import { instantText } from '../moments.ts';
import { collected, parsedBy } from '../option-values.ts';
import type { AddCommand, Run } from '../shell.ts';

interface ListOptions {
  channel?: string[];
  state?: ListedState[];
  limit: number;
}

const GROUP_HELP = `
Example:
  $ herald queue list --channel kongregate --state delayed`;

const LIST_HELP = `
active: being processed by a worker. ready: picked up by the next free worker. delayed: waiting for its sendAt, its slot,
proof of an earlier attempt, or a backoff; \`herald explain <id>\` shows which. The content is not shown. For dead letters
see \`herald dead list\`.

Examples:
  $ herald queue list
  $ herald queue list --channel kongregate --state delayed --limit 5 --json`;

const HEAD = ['channel', 'state', 'id', 'to', 'enqueued', 'due', 'pick-ups'];

const cells = ({ channel, state, id, to, problem, enqueuedAt, dueAt, pickups, jobId }: ListedJob) => [
  channel,
  state,
  id ?? jobId,
  problem ?? JSON.stringify(to),
  foreignInstantText(enqueuedAt),
  dueAt === null ? null : instantText(dueAt),
  pickups,
];

const toDocument = ({ jobId, enqueuedAt, dueAt, ...job }: ListedJob): object => ({
  ...job,
  job_id: jobId,
  enqueued_at: foreignInstantText(enqueuedAt),
  due_at: dueAt === null ? null : instantText(dueAt),
});

const list: Run<ListOptions> = async (invocation) =>
  await withInstallation(invocation, async (installation) => {
    const { output, options } = invocation;
    checkChannels(installation, options.channel ?? []);
    const { channel: channels, state: states, limit } = options;
    const jobs: ListedJob[] = [];
    for await (const job of listQueue(installation, { channels, states, limit })) {
      if (output.json) output.result(toDocument(job), () => '');
      else jobs.push(job);
    }
    if (output.json) return EXIT.done;
    output.result(null, () =>
      jobs.length === 0 ? 'no messages are waiting' : output.table(HEAD, jobs.map(cells)),
    );
    return EXIT.done;
  });

function stateOption(text: string): ListedState {
  const state = LISTED_STATES.find((name) => name === text);
  if (!state) throw new InvalidArgumentError(`expected one of ${LISTED_STATES.join(', ')}.`);
  return state;
}

export const addQueue: AddCommand = (program, shell) => {
  const queue = program.command('queue').description('Inspect the queues.').addHelpText('after', GROUP_HELP);
  queue
    .command('list')
    .description('List waiting messages in the order in which workers pick them up.')
    .option('--channel <name>', 'only this channel, repeatable', collected(String))
    .option('--state <state>', `only ${LISTED_STATES.join(', ')}; repeatable`, collected(stateOption))
    .option(
      '--limit <count>',
      'the maximum number per channel and state',
      parsedBy(count({ to: 100_000 })),
      50,
    )
    .addHelpText('after', LIST_HELP)
    .action(shell.action(list));
};
