import { InvalidArgumentError } from 'commander';
import { parseInstant } from '../../time.ts';
import { EXIT } from '../context.ts';
import { withAdmin } from '../installation.ts';
import { instantText } from '../moments.ts';
import type { AddCommand, Run } from '../shell.ts';
import { controlled, report } from './control-report.ts';

interface RescheduleCommandOptions {
  sendAt: Date;
  channel?: string;
}

const HELP = `
The message is not sent before the instant, which may be earlier or later than its sendAt, and must be earlier than its
expiresAt. A message that waits for a retry or for its recipient's slot goes on waiting. It is rescheduled in every channel
that has it, unless --channel names one.

Examples:
  $ herald reschedule order-31 --send-at 2026-01-31T12:00:00Z
  $ herald reschedule order-31 --send-at 2026-01-31T13:00+01:00 --json`;

const run: Run<RescheduleCommandOptions> = async (invocation) =>
  await withAdmin(invocation, async (admin) => {
    const { args, options } = invocation;
    const [id = ''] = args;
    const results = controlled(id, await admin.reschedule(id, options));
    const more = { send_at: instantText(options.sendAt.getTime()) };
    const tooLate = 'it is being sent, or final, or would have expired';
    return report(results, invocation, { more, tooLate }) ? EXIT.done : EXIT.partly;
  });

function instantOption(text: string): Date {
  const at = parseInstant(text);
  if (at) return at;
  throw new InvalidArgumentError('expected an instant such as 2026-01-31T12:00:00Z.');
}

export const addReschedule: AddCommand = (program, shell) => {
  program
    .command('reschedule')
    .argument('<id>', 'a message id')
    .description('Change the instant before which a message that waits is not sent.')
    .requiredOption(
      '--send-at <instant>',
      'the new instant; one that is past stands for at once',
      instantOption,
    )
    .option('--channel <name>', 'only in this channel')
    .addHelpText('after', HELP)
    .action(shell.action(run));
};
