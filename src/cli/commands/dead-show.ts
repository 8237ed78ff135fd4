import type { DeadLetterDetails } from '../../dead-letters/dead-letters.ts';
import { EXIT } from '../context.ts';
import { withAdmin } from '../installation.ts';
import { instantText } from '../moments.ts';
import type { Output } from '../output.ts';
import type { AddCommand, Run } from '../shell.ts';
import { deadLetterDocument } from './dead-list.ts';

interface ShowOptions {
  channel?: string;
  content?: boolean;
}

const HELP = `
The content and its data are shown only with --content.

Examples:
  $ herald dead show order-31
  $ herald dead show order-31 --content --json`;

function printDeadLetter(letter: DeadLetterDetails, now: number, withContent: boolean, output: Output): void {
  const document = {
    ...deadLetterDocument(letter, now),
    expires_at: letter.expiresAt === undefined ? null : instantText(letter.expiresAt),
    ...(letter.size === undefined ? {} : { size: letter.size }),
    message: letter.message,
    ...(withContent ? { content: letter.content } : {}),
  };
  output.result(document, () =>
    output.table(
      ['field', 'value'],
      Object.entries(document).map(([field, value]) => [field, valueText(value)]),
    ),
  );
}

const valueText = (value: unknown): string | null =>
  value === null ? null : typeof value === 'string' ? value : JSON.stringify(value);

const run: Run<ShowOptions> = async (invocation) =>
  await withAdmin(invocation, async ({ deadLetters }) => {
    const { output, context, args, options } = invocation;
    let missing = 0;
    for (const id of args) {
      const letters = await deadLetters.show(id, options);
      if (letters.length === 0) {
        missing += 1;
        output.note(`herald: no dead letter ${JSON.stringify(id)}`);
      }
      for (const letter of letters) {
        printDeadLetter(letter, context.clock.now(), options.content === true, output);
      }
    }
    return missing > 0 ? EXIT.partly : EXIT.done;
  });

export const addDeadShow: AddCommand = (dead, shell) => {
  dead
    .command('show')
    .argument('<id...>', 'message ids or job ids')
    .description('Show dead letters in full.')
    .option('--channel <name>', 'only this channel')
    .option('--content', 'also show the content and its data')
    .addHelpText('after', HELP)
    .action(shell.action(run));
};
