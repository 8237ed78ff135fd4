import type { SendManyResult } from '../../producer/send.ts';
import { type BulkReport, bulkExitCode, runBulk } from '../bulk.ts';
import { readJson } from '../input/messages.ts';
import { openSource } from '../input/source.ts';
import type { Output } from '../output.ts';
import { withProducer } from '../producer.ts';
import type { AddCommand, Run } from '../shell.ts';

const HELP = `
Messages are JSON objects, one per line or over several lines, or one array of them. An invalid message is reported by its
line (in an array also by its index, from 0), and the rest is enqueued. Messages that have an id can be sent again after
an interruption: those already enqueued are duplicates.

Examples:
  $ herald send messages.ndjson
  $ herald send --dry-run messages.ndjson
  $ echo '{"platform":"kongregate","to":{"userId":32},"content":"Hello"}' |
      herald send`;

interface SendOptions {
  dryRun?: boolean;
}

function report(
  { result, refused, stopped }: BulkReport<SendManyResult>,
  dryRun: boolean,
  output: Output,
): void {
  const { queued, duplicate } = result;
  const counts = { queued, duplicate, invalid: refused.total };
  const value = {
    ...counts,
    ...(dryRun && { dry_run: true }),
    stopped: stopped?.why ?? null,
    invalid_lines: refused.lines,
  };
  output.result(value, () => output.table(['status', 'messages'], Object.entries(counts)));
  if (dryRun) output.note('herald: dry run: nothing was enqueued');
  if (stopped) output.note(`herald: ${stopped.why}`);
}

const run: Run<SendOptions> = async (invocation) => {
  const { context, output, args, options } = invocation;
  const dryRun = options.dryRun === true;
  const source = await openSource(args[0], context);
  const entries = readJson(source.chunks, source.cut);
  const bulk = await withProducer(invocation, (producer) =>
    runBulk(
      {
        source,
        entries,
        noun: 'messages',
        handOver: (values, onInvalid) => producer.sendMany(values, { onInvalid, dryRun }),
      },
      invocation,
    ),
  );
  report(bulk, dryRun, output);
  return bulkExitCode(bulk, bulk.result.queued + bulk.result.duplicate);
};

export const addSend: AddCommand = (program, shell) => {
  program
    .command('send')
    .argument('[file]', 'JSON messages; standard input when absent or -')
    .description('Enqueue messages from a file or standard input.')
    .option('--dry-run', 'check every message, but enqueue none')
    .addHelpText('after', HELP)
    .action(shell.action(run));
};
