import { EXIT } from '../context.ts';
import { withAdmin } from '../installation.ts';
import { collected } from '../option-values.ts';
import type { AddCommand, Run } from '../shell.ts';
import { statusDocument, statusView } from './status-view.ts';
import { watchStatus } from './status-watch.ts';

interface StatusOptions {
  channel?: string[];
  watch?: boolean;
}

const HELP = `
"waiting for slot" also counts messages that wait for proof of an earlier attempt. --watch shows the status every two seconds
until it is interrupted, and waits through an outage of Redis: redrawn in place at a terminal; elsewhere one below the other,
each with its time. With --json every document of --watch has the field at.

Examples:
  $ herald status
  $ herald status --channel kongregate --json
  $ herald status --watch`;

const run: Run<StatusOptions> = async (invocation) =>
  await withAdmin(invocation, async (admin) => {
    const { output, options } = invocation;
    if (options.watch) {
      await watchStatus(admin, options.channel, invocation);
      return EXIT.done;
    }
    const channels = await admin.status({ channels: options.channel });
    if (output.json) for (const status of channels) output.result(statusDocument(status), () => '');
    else output.result(null, () => statusView(channels, output));
    return EXIT.done;
  });

export const addStatus: AddCommand = (program, shell) => {
  program
    .command('status')
    .description('Show queues, dead letters, stops and rests of the channels.')
    .option('--channel <name>', 'only this channel, repeatable', collected(String))
    .option('--watch', 'show it every two seconds')
    .addHelpText('after', HELP)
    .action(shell.action(run));
};
