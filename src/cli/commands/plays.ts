import { count } from '../../config/values.ts';
import type { Entry } from '../../lines.ts';
import { readLines } from '../../lines.ts';
import type { RecordPlaysResult } from '../../producer/plays.ts';
import { instant } from '../../time.ts';
import { type BulkReport, bulkExitCode, runBulk } from '../bulk.ts';
import { EXIT } from '../context.ts';
import { wrongUsage } from '../failure.ts';
import { type PlayLine, readPlays } from '../input/plays.ts';
import { openSource } from '../input/source.ts';
import { parsedBy } from '../option-values.ts';
import type { Output } from '../output.ts';
import { withProducer } from '../producer.ts';
import type { AddCommand, Run } from '../shell.ts';

interface ChannelOption {
  channel: string;
}

interface RecordOptions extends ChannelOption {
  userId?: number;
  username?: string;
  at?: Date;
}

const GROUP_HELP = `
Examples:
  $ herald plays import plays.csv --channel kongregate
  $ herald plays record --channel kongregate --user-id 32`;

const IMPORT_HELP = `
CSV with a header (one of userId, username, recipient; and at), or NDJSON with the same names. An instant is
2026-01-31T12:00:00Z or milliseconds since the epoch. An older play never replaces a later one, so a file may be
imported again.

Examples:
  $ herald plays import plays.csv --channel kongregate
  $ printf 'userId,at\\n32,2026-01-31T12:00:00Z\\n' |
      herald plays import - --channel kongregate`;

const RECORD_HELP = `
Example:
  $ herald plays record --channel kongregate --user-id 32`;

function report({ result, refused, stopped }: BulkReport<RecordPlaysResult>, output: Output): void {
  const counts = { recorded: result.recorded, invalid: refused.total };
  const value = { ...counts, stopped: stopped?.why ?? null, invalid_lines: refused.lines };
  output.result(value, () => output.table(['status', 'plays'], Object.entries(counts)));
  if (stopped) output.note(`herald: ${stopped.why}`);
}

async function* forChannel(channel: string, entries: AsyncIterable<Entry<PlayLine>>) {
  for await (const entry of entries) {
    yield 'problem' in entry ? entry : { line: entry.line, value: { channel, ...entry.value } };
  }
}

const importPlays: Run<ChannelOption> = async (invocation) => {
  const { context, output, args, options } = invocation;
  const source = await openSource(args[0], context);
  const lines = readLines(source.chunks, { cut: source.cut });
  const entries = forChannel(options.channel, readPlays(lines));
  const bulk = await withProducer(invocation, (producer) =>
    runBulk(
      {
        source,
        entries,
        noun: 'plays',
        handOver: (values, onInvalid) => producer.recordPlays(values, { onInvalid }),
      },
      invocation,
    ),
  );
  report(bulk, output);
  return bulkExitCode(bulk, bulk.result.recorded);
};

function recipient({ userId, username }: RecordOptions): Record<string, unknown> {
  if ((userId === undefined) === (username === undefined)) {
    throw wrongUsage('plays record: expected either --user-id or --username');
  }
  return userId === undefined ? { username } : { userId };
}

const recordPlay: Run<RecordOptions> = async (invocation) => {
  const { context, output, options } = invocation;
  const at = options.at ?? new Date(context.clock.now());
  const to = recipient(options);
  await withProducer(invocation, (producer) => producer.recordPlay({ channel: options.channel, to, at }));
  output.result({ recorded: 1 }, () => 'recorded');
  return EXIT.done;
};

export const addPlays: AddCommand = (program, shell) => {
  const plays = program
    .command('plays')
    .description('Record when players last played, for the eligibility check.')
    .addHelpText('after', GROUP_HELP);
  plays
    .command('import')
    .argument('<file>', 'CSV or NDJSON of recipient and instant; - for standard input')
    .description('Record plays from a file.')
    .requiredOption('--channel <name>', 'the channel whose recipients these are')
    .addHelpText('after', IMPORT_HELP)
    .action(shell.action(importPlays));
  plays
    .command('record')
    .description('Record a play.')
    .requiredOption('--channel <name>', 'the channel whose recipient this is')
    .option('--user-id <id>', 'who played', parsedBy(count()))
    .option('--username <name>', 'who played, on a channel that addresses by username')
    .option('--at <instant>', 'when (default: now)', parsedBy(instant()))
    .addHelpText('after', RECORD_HELP)
    .action(shell.action(recordPlay));
};
