import { EXIT } from '../context.ts';
import { withAdmin } from '../installation.ts';
import { collected } from '../option-values.ts';
import type { AddCommand, Run } from '../shell.ts';
import { readStandings, statusDocuments, statusView } from './status-view.ts';
import { watchStatus } from './status-watch.ts';

interface StatusOptions {
  channel?: string[];
  watch?: boolean;
}

const HELP = `
"waiting for slot" also counts messages that wait for proof of an earlier attempt. --watch shows the status every two seconds
until it is interrupted, and waits through an outage of Redis: redrawn in place at a terminal; elsewhere one below the other,
each with its time. With --json every document of --watch has the field at.

Below the channels is each endpoint that their receipts are posted to: whether it is behind, by how many receipts and since when,
rests, is gone, unreadable or served by no process, and what it misses. With --json it has a document of its own, with the field webhook in
place of channel.

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
    const seen = await readStandings(admin, options.channel);
    if (output.json) for (const document of statusDocuments(seen)) output.result(document, () => '');
    else output.result(null, () => statusView(seen, output));
    return EXIT.done;
  });

export const addStatus: AddCommand = (program, shell) => {
  program
    .command('status')
    .description('Show queues, dead letters, stops and rests of the channels, and how far webhooks are.')
    .option('--channel <name>', 'only this channel, repeatable', collected(String))
    .option('--watch', 'show it every two seconds')
    .addHelpText('after', HELP)
    .action(shell.action(run));
};
