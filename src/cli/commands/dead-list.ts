import type { Admin } from '../../admin/admin.ts';
import type { DeadLetter } from '../../admin/dead-letter-admin.ts';
import { foreignInstantText } from '../../time.ts';
import { EXIT } from '../context.ts';
import { withAdmin } from '../installation.ts';
import { ageText, instantText } from '../moments.ts';
import type { Cell, Output } from '../output.ts';
import type { AddCommand, Invocation, Run } from '../shell.ts';
import { addSelection, type SelectionOptions, selectionOf } from './dead-selection.ts';

const HELP = `
Shows the newest 50 unless --limit is given. --group counts all of them by what killed them, with … in place of the addresses, ids
and long numbers by which their texts differ; --limit is then the number of groups. --detail takes such a text, … and all, and so do
replay and purge.

Examples:
  $ herald dead list --channel kongregate --since 2h
  $ herald dead list --reason bad_request --json
  $ herald dead list --group --since 1d
  $ herald dead list --detail 'HTTP 422: no user …'`;

const HEAD = ['channel', 'id', 'reason', 'detail', 'run', 'attempts', 'died at', 'age'];
/** A table must fit a screen; `dead show` has the rest. */
const DETAIL_SHOWN = 60;

const shortened = (text: string): string =>
  text.length > DETAIL_SHOWN ? `${text.slice(0, DETAIL_SHOWN - 1)}…` : text;

const toRow = (letter: DeadLetter, now: number): Cell[] => [
  letter.channel,
  letter.id,
  letter.reason,
  shortened(letter.detail),
  letter.run,
  letter.attempts,
  instantText(letter.diedAt),
  ageText(now - letter.diedAt),
];

/** What a program reads of a letter. */
export const deadLetterDocument = (letter: DeadLetter, now: number): Record<string, unknown> => ({
  channel: letter.channel,
  id: letter.id,
  job_id: letter.jobId,
  reason: letter.reason,
  detail: letter.detail,
  run: letter.run,
  attempts: letter.attempts,
  died_at: instantText(letter.diedAt),
  age_seconds: Math.max(0, (now - letter.diedAt) / 1000),
  enqueued_at: foreignInstantText(letter.enqueuedAt),
});

interface ListOptions extends SelectionOptions {
  group?: boolean;
}

async function list(admin: Admin, invocation: Invocation<ListOptions>): Promise<void> {
  const { output, context } = invocation;
  const { letters, total } = await admin.deadLetters.list(selectionOf(invocation));
  const now = context.clock.now();
  printAll(
    output,
    letters.map((letter) => deadLetterDocument(letter, now)),
    () => [HEAD, letters.map((letter) => toRow(letter, now))],
  );
  if (total > letters.length)
    output.note(`herald: showing the newest ${letters.length} of ${total}; use --limit for more`);
}

const GROUP_HEAD = ['channel', 'reason', 'detail', 'dead letters', 'oldest', 'newest', 'example'];
const GROUPS_SHOWN = 50;

async function listGroups(admin: Admin, invocation: Invocation<ListOptions>): Promise<void> {
  const { output, options } = invocation;
  const { groups, total } = await admin.deadLetters.group(selectionOf(invocation));
  const shown = groups.slice(0, options.limit ?? GROUPS_SHOWN).map((group) => ({
    ...group,
    oldest: instantText(group.oldest),
    newest: instantText(group.newest),
  }));
  printAll(
    output,
    shown.map(({ example, ...group }) => ({ ...group, example_id: example })),
    () => [
      GROUP_HEAD,
      shown.map(({ channel, reason, detail, letters, oldest, newest, example }) => [
        channel,
        reason,
        detail,
        letters,
        oldest,
        newest,
        example,
      ]),
    ],
  );
  if (groups.length > shown.length) {
    const letters = shown.reduce((sum, group) => sum + group.letters, 0);
    output.note(
      `herald: showing the largest ${shown.length} of ${groups.length} groups, ${letters} of ${total} dead letters; use --limit for more`,
    );
  }
}

function printAll(
  output: Output,
  documents: readonly object[],
  table: () => [head: readonly string[], rows: readonly (readonly Cell[])[]],
): void {
  if (output.json) for (const document of documents) output.result(document, () => '');
  else output.result(null, () => (documents.length === 0 ? 'no dead letters' : output.table(...table())));
}

const run: Run<ListOptions> = async (invocation) =>
  await withAdmin(invocation, async (admin) => {
    await (invocation.options.group ? listGroups : list)(admin, invocation);
    return EXIT.done;
  });

export const addDeadList: AddCommand = (dead, shell) => {
  addSelection(dead.command('list'))
    .description('List dead letters, newest last, or their causes.')
    .option('--group', 'by reason and error text, the largest group first, with an example of each')
    .addHelpText('after', HELP)
    .action(shell.action(run));
};
