import type { Explanation, RecipientExplanation } from '../../admin/admin.ts';
import {
  EXPLAINED_PARTS,
  explanationDocument,
  RECIPIENT_PARTS,
  recipientDocument,
  toFields,
} from '../../admin/explain/explanation-document.ts';
import { nextStep, recipientOutlook } from '../../admin/explain/next-step.ts';
import type { Receipt } from '../../receipts/receipts.ts';
import { EXIT } from '../context.ts';
import { wrongUsage } from '../failure.ts';
import { withAdmin } from '../installation.ts';
import { instantText } from '../moments.ts';
import { type Cell, type Output, printable } from '../output.ts';
import type { AddCommand, Run } from '../shell.ts';
import { storyText } from './explain-story.ts';
import { channelOfRecipient, recipientOption, withRecipient } from './recipient-option.ts';

interface ExplainOptions {
  channel?: string;
  details?: boolean;
  to?: unknown;
}

const HELP = `
Tells what happened to a message and why, what is to come, and what happens next, by what the queue, the ledger and the receipts hold.
The id is the message's or its job's. The content is not shown. --details shows all that is known as a table instead. --to shows it
for a recipient: slot, play, the messages that wait for it among the first 500 of each state, and, if the channel discloses
recipients, its latest receipts.

Examples:
  $ herald explain order-31
  $ herald explain order-31 --details
  $ herald explain order-31 --channel kongregate --json
  $ herald explain --to '{"userId":32}' --channel kongregate`;

/** What there mostly is none of, and what is then not worth a line. */
const RARE: readonly string[] = ['letter', 'stopped', 'resting'];

type Part = (typeof EXPLAINED_PARTS)[number];

const partRows = (parts: readonly Part[], values: Partial<Record<Part, object | null>>): Cell[][] =>
  parts.flatMap((part): Cell[][] => {
    const value = values[part];
    if (!value) return RARE.includes(part) ? [] : [[part, '', 'not known']];
    return Object.entries(toFields(value)).map(([name, field], i) => [
      i === 0 ? part : '',
      name,
      cell(field),
    ]);
  });

function detailsText(explanation: Explanation, output: Output): string {
  const rows = partRows(EXPLAINED_PARTS, explanation);
  const receipts = explanation.receipts.map(receiptRow);
  const partial = explanation.receiptsComplete ? [] : [['receipts', '', 'older ones were not read']];
  return [
    `${printable(explanation.id)} in channel ${explanation.channel}`,
    output.table(['', 'field', 'value'], [...rows, ...receipts, ...partial]),
    printable(nextStep(explanation)),
  ].join('\n');
}

const cell = (value: unknown): Cell =>
  typeof value === 'string' || typeof value === 'number' || value === null ? value : JSON.stringify(value);

const receiptRow = ({ run, state, reason, at, attempts, platformMessageId }: Receipt): Cell[] => [
  'receipt',
  `run ${run}`,
  `${state} (${reason}) at ${instantText(at)} after ${attempts} attempt(s)${platformMessageId ? `, ${platformMessageId}` : ''}`,
];

function toRecipientText(found: RecipientExplanation, output: Output): string {
  const waiting = found.waiting.map(({ id, jobId, state, dueAt }): Cell[] => [
    'waiting',
    id ?? jobId,
    dueAt === null ? state : `${state} until ${instantText(dueAt)}`,
  ]);
  const receipts = found.receipts.map((receipt): Cell[] => {
    const [what, run, text] = receiptRow(receipt);
    return [what, receipt.id, `${run}: ${text}`];
  });
  return [
    `${printable(JSON.stringify(found.to))} in channel ${found.channel}`,
    output.table(['', 'field', 'value'], [...partRows(RECIPIENT_PARTS, found), ...waiting, ...receipts]),
    printable(recipientOutlook(found)),
  ].join('\n');
}

const runRecipient: Run<ExplainOptions> = async (invocation) =>
  await withAdmin(invocation, async (admin) => {
    const { output, options } = invocation;
    const found = await withRecipient('explain', async () => {
      const channel = await channelOfRecipient(admin, options.channel, 'explain');
      return await admin.explainRecipient(options.to, { channel });
    });
    output.result(recipientDocument(found), () => toRecipientText(found, output));
    return EXIT.done;
  });

const run: Run<ExplainOptions> = async (invocation) => {
  const byRecipient = invocation.options.to !== undefined;
  if (byRecipient === invocation.args.length > 0) throw wrongUsage('explain: expected either an id or --to');
  return byRecipient ? await runRecipient(invocation) : await runMessage(invocation);
};

const runMessage: Run<ExplainOptions> = async (invocation) =>
  await withAdmin(invocation, async (admin) => {
    const { output, args, options } = invocation;
    const [id = ''] = args;
    const explanations = await admin.explain(id, options);
    for (const explanation of explanations) {
      const text = options.details ? detailsText : storyText;
      output.result(explanationDocument(explanation), () => text(explanation, output));
    }
    if (explanations.length > 0) return EXIT.done;
    const where = options.channel === undefined ? 'any channel' : `channel ${options.channel}`;
    output.note(
      `herald: ${JSON.stringify(id)} is not known in ${where}: never enqueued, or its final state is more than a day old`,
    );
    return EXIT.partly;
  });

export const addExplain: AddCommand = (program, shell) => {
  program
    .command('explain')
    .argument('[id]', 'a message id or a job id')
    .description('Explain the state of a message or recipient, and what happens next.')
    .option(
      '--to <json>',
      'a recipient instead of a message, as in the field to of a message',
      recipientOption,
    )
    .option('--channel <name>', 'only this channel')
    .option('--details', 'all that is known of a message, as a table')
    .addHelpText('after', HELP)
    .action(shell.action(run));
};
