import type { CampaignDryRun } from '../../admin/campaigns/campaigns.ts';
import { readLines } from '../../lines.ts';
import type { CampaignResult } from '../../producer/campaign.ts';
import { InvalidMessageError } from '../../producer/errors.ts';
import type { InvalidItem } from '../../producer/send.ts';
import { type BulkReport, bulkExitCode, runBulk } from '../bulk.ts';
import { EXIT, type ExitCode } from '../context.ts';
import { type CampaignFile, readCampaignFile } from '../input/campaign-file.ts';
import { readRecipients } from '../input/recipients.ts';
import { openSource } from '../input/source.ts';
import { withAdmin } from '../installation.ts';
import type { Output } from '../output.ts';
import { withProducer } from '../producer.ts';
import type { AddCommand, Invocation, Run } from '../shell.ts';

interface StartOptions {
  to: string;
  channel?: string;
  dryRun?: boolean;
}

const HELP = `
The file has the fields of a message without to: id (the campaign's own), platform, content, and what else its messages have in
common. Recipients are CSV with a header, or NDJSON: columns of to (userId, username …), lastPlayedAt, and values of data for
{{ name }}. An empty cell is no value. An invalid recipient is reported by its line, and the rest is listed; a file without any ends
the command with 1. A start may be run again, after an interruption or with more recipients: nobody gets a second message.

--dry-run stores nothing and tells what a start would do now, without the rate: whom it would be sent to, who has not played
lately, who had a message of this window, and who is known from an earlier start.

Examples:
  $ herald campaign start spring.yaml --to players.csv --dry-run
  $ herald campaign start spring.yaml --to players.csv
  $ printf 'userId,name\\n32,Ann\\n' |
      herald campaign start spring.yaml --to -`;

type HandOver<R> = (
  spec: Record<string, unknown>,
  values: AsyncIterable<unknown>,
  onInvalid: (item: InvalidItem) => void,
) => Promise<R>;

async function run<R>(
  { spec, platform, refused }: CampaignFile,
  invocation: Invocation<StartOptions>,
  handOver: HandOver<R>,
): Promise<BulkReport<R>> {
  const { context, options } = invocation;
  const source = await openSource(options.to, context);
  // What ends because it was interrupted must not count as listed to its end.
  async function* whole(values: AsyncIterable<unknown>): AsyncGenerator<unknown> {
    yield* values;
    if (context.signal.aborted) throw new Error('interrupted');
  }
  const job = {
    source,
    entries: readRecipients(readLines(source.chunks, { cut: source.cut }), platform),
    noun: 'recipients',
    handOver: (values: AsyncIterable<unknown>, onInvalid: (item: InvalidItem) => void) =>
      handOver(spec, whole(values), onInvalid),
  };
  try {
    return await runBulk(job, invocation);
  } catch (error) {
    throw error instanceof InvalidMessageError ? refused(error.problems) : error;
  }
}

function report(bulk: BulkReport<CampaignResult>, { output }: Invocation): ExitCode {
  const { result, refused, stopped } = bulk;
  const { id, listed, duplicate } = result;
  const counts = { listed, duplicate, invalid: refused.total };
  const value = { campaign: id, ...counts, stopped: stopped?.why ?? null, invalid_lines: refused.lines };
  output.result(value, () => output.table(['status', 'recipients'], Object.entries(counts)));
  if (stopped) output.note(`herald: ${stopped.why}; run it again to go on from there`);
  else output.note(`herald: see \`herald campaign show ${id}\``);
  return exitCodeOf(bulk, listed + duplicate, output);
}

function reportDryRun(
  bulk: BulkReport<CampaignDryRun>,
  { spec }: CampaignFile,
  { output }: Invocation,
): ExitCode {
  const { result, refused, stopped } = bulk;
  const { id, channel, send, ineligible, quota, busy, known, duplicate, existing } = result;
  const counts = { send, ineligible, quota, busy, known, duplicate, invalid: refused.total };
  const value = {
    ...{ dry_run: true, campaign: id, channel, existing: existing?.state ?? null },
    ...counts,
    ...{ stopped: stopped?.why ?? null, invalid_lines: refused.lines },
  };
  const deferred = spec['onQuota'] === 'defer';
  const rows: [string, number][] = [
    ['would be sent', send],
    ['not eligible: have not played lately', ineligible],
    [`had a message of this window: ${deferred ? 'deferred' : 'dropped'}`, quota],
    ['wait for another send to them', busy],
    ['known: had this campaign before', known],
    ['named twice', duplicate],
    ['invalid', refused.total],
  ];
  output.result(value, () => output.table(['what would happen', 'recipients'], rows));
  output.note('herald: dry run: nothing was stored');
  if (existing)
    output.note(`herald: campaign ${id} was started before: ${existing.state}, ${existing.listed} listed`);
  if (stopped) output.note(`herald: ${stopped.why}`);
  return exitCodeOf(bulk, send + ineligible + quota + busy + known + duplicate, output);
}

/** An empty list is most likely the wrong file. */
function exitCodeOf(bulk: BulkReport<unknown>, recipients: number, output: Output): ExitCode {
  if (bulk.stopped || bulk.refused.total > 0 || recipients > 0) return bulkExitCode(bulk, recipients);
  output.note(`herald: no recipients in ${bulk.source}`);
  return EXIT.partly;
}

const start: Run<StartOptions> = async (invocation) => {
  const { args, options } = invocation;
  const file = readCampaignFile(args[0] ?? '', options.channel);
  if (options.dryRun) {
    const bulk = await withAdmin(invocation, ({ campaigns }) =>
      run(file, invocation, (spec, values, onInvalid) => campaigns.dryRun(spec, values, { onInvalid })),
    );
    return reportDryRun(bulk, file, invocation);
  }
  const bulk = await withProducer(invocation, (producer) =>
    run(file, invocation, (spec, values, onInvalid) =>
      producer.campaign(spec, values as AsyncIterable<{ to: unknown }>, { onInvalid }),
    ),
  );
  return report(bulk, invocation);
};

export const addCampaignStart: AddCommand = (campaign, shell) => {
  campaign
    .command('start')
    .argument('<file>', 'YAML or JSON of the campaign')
    .description('Start a campaign, or list more recipients of it.')
    .requiredOption('--to <file>', 'CSV or NDJSON of its recipients; - for standard input')
    .option('--channel <name>', "the channel, in place of the file's own")
    .option('--dry-run', 'tell what would happen, but store nothing')
    .addHelpText('after', HELP)
    .action(shell.action(start));
};
