import { RedisUnreachableError } from '../../redis/connection-errors.ts';
import { EXIT } from '../context.ts';
import { CommandFailure } from '../failure.ts';
import { withAdmin } from '../installation.ts';
import type { AddCommand, Run } from '../shell.ts';
import { controlled, report } from './control-report.ts';

interface CancelOptions {
  channel?: string;
}

const HELP = `
A message is cancelled in every channel that has it, unless --channel names one. It is final at once (suppressed, cancelled),
whatever job it lies in; its job leaves the queue when it is due. A message whose request is in flight or in doubt, and one
that is final, are too late; so is a dead letter, until it is replayed.

Examples:
  $ herald cancel order-31
  $ herald cancel order-31 order-32 --channel kongregate --json`;

const run: Run<CancelOptions> = async (invocation) =>
  await withAdmin(invocation, async (admin) => {
    const { args, options } = invocation;
    let failed = 0;
    for (const [done, id] of args.entries()) {
      const results = controlled(id, await admin.cancel(id, options).catch(interrupted(done)));
      if (!report(results, invocation)) failed += 1;
    }
    return failed > 0 ? EXIT.partly : EXIT.done;
  });

/** What was done stays done, and the same command may be run again. */
const interrupted = (done: number) => (error: unknown) => {
  if (done === 0 || !(error instanceof RedisUnreachableError)) throw error;
  const message = `lost the connection to Redis after ${done} messages; run it again for the rest`;
  throw new CommandFailure(message, EXIT.partly, { cause: error });
};

export const addCancel: AddCommand = (program, shell) => {
  program
    .command('cancel')
    .argument('<id...>', 'message ids')
    .description('Cancel messages that wait, by their ids.')
    .option('--channel <name>', 'only in this channel')
    .addHelpText('after', HELP)
    .action(shell.action(run));
};
