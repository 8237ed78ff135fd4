import type { DeadLetter } from '../../admin/dead-letter-admin.ts';
import { EXIT } from '../context.ts';
import { withAdmin } from '../installation.ts';
import { ageText, instantText } from '../moments.ts';
import type { Cell } from '../output.ts';
import type { AddCommand, Run } from '../shell.ts';
import { addSelection, type SelectionOptions, selectionOf } from './dead-selection.ts';

const HELP = `
Shows the newest 50 unless --limit is given.

Examples:
  $ herald dead list --channel kongregate --since 2h
  $ herald dead list --reason bad_request --json`;

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
  enqueued_at: Number.isFinite(letter.enqueuedAt) ? instantText(letter.enqueuedAt) : null,
});

const run: Run<SelectionOptions> = async (invocation) =>
  await withAdmin(invocation, async (admin) => {
    const { output, context } = invocation;
    const { letters, total } = await admin.deadLetters.list(selectionOf(invocation));
    const now = context.clock.now();
    if (output.json) {
      for (const letter of letters) output.result(deadLetterDocument(letter, now), () => '');
    } else if (letters.length === 0) {
      output.result(null, () => 'no dead letters');
    } else {
      output.result(null, () =>
        output.table(
          HEAD,
          letters.map((letter) => toRow(letter, now)),
        ),
      );
    }
    if (total > letters.length)
      output.note(`herald: showing the newest ${letters.length} of ${total}; use --limit for more`);
    return EXIT.done;
  });

export const addDeadList: AddCommand = (dead, shell) => {
  addSelection(dead.command('list'))
    .description('List dead letters, newest last.')
    .addHelpText('after', HELP)
    .action(shell.action(run));
};
