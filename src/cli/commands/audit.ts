import { z } from 'zod';
import type { RecordedAct } from '../../admin/audit.ts';
import { count } from '../../config/values.ts';
import { isEntryId } from '../../redis/entry-id.ts';
import { EXIT } from '../context.ts';
import { withAdmin } from '../installation.ts';
import { ageText, instantText } from '../moments.ts';
import { parsedBy } from '../option-values.ts';
import type { Cell } from '../output.ts';
import type { AddCommand, Run } from '../shell.ts';

interface AuditOptions {
  limit?: number;
  before?: string;
}

const HELP = `
Shows the newest 50 unless --limit is given; about the last 10,000 are kept. An act of the board, the API, the command line or a program is
recorded once it has changed something. What somebody did in a BullMQ dashboard is not.

Examples:
  $ herald audit
  $ herald audit --limit 500 --json | jq 'select(.channels[] == "kongregate")'`;

const ACT_ID = z.string().refine(isEntryId, 'expected the id of an act, as --json prints it');

const HEAD = ['at', 'age', 'who', 'via', 'action', 'to', 'channels', 'messages', 'filter', 'outcome'];

const toRow = (act: RecordedAct, now: number): Cell[] => [
  ...[instantText(act.at), ageText(now - act.at), act.actor.name, act.actor.via, act.action, act.target],
  ...[act.channels.join(',') || null, act.count, act.filter && JSON.stringify(act.filter), act.outcome],
];

/** What a program reads of an act. */
const toDocument = ({
  id,
  at,
  actor,
  action,
  target,
  channels,
  count: messages,
  filter,
  outcome,
}: RecordedAct) => ({
  ...{ id, at: instantText(at), who: actor.name, via: actor.via, action, target },
  ...{ channels, messages, filter, outcome },
});

const run: Run<AuditOptions> = async (invocation) => {
  const { output, context, options } = invocation;
  const { acts, older } = await withAdmin(invocation, (admin) => admin.acts(options));
  const now = context.clock.now();
  const oldestFirst = acts.toReversed();
  if (output.json) for (const act of oldestFirst) output.result(toDocument(act), () => '');
  else
    output.result(null, () =>
      acts.length === 0
        ? 'nothing was done'
        : output.table(
            HEAD,
            oldestFirst.map((act) => toRow(act, now)),
          ),
    );
  if (older !== null) output.note(`herald: there are older acts; use --limit, or --before ${older}`);
  return EXIT.done;
};

export const addAudit: AddCommand = (program, shell) => {
  program
    .command('audit')
    .description('List what operators did, newest last.')
    .option('--limit <count>', 'the maximum number', parsedBy(count({ to: 10_000 })))
    .option('--before <id>', 'only acts before the one of this id', parsedBy(ACT_ID))
    .addHelpText('after', HELP)
    .action(shell.action(run));
};
