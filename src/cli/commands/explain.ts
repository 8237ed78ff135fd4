import type { Receipt } from '../../observe/receipts.ts';
import { type Explanation, explain } from '../../operate/explain.ts';
import { nextStep } from '../../operate/next-step.ts';
import { EXIT } from '../context.ts';
import { checkChannels, withInstallation } from '../installation.ts';
import { instantText } from '../moments.ts';
import { type Cell, type Output, printable } from '../output.ts';
import type { AddCommand, Run } from '../shell.ts';

interface ExplainOptions {
  channel?: string;
}

const HELP = `
Says what the queue, the ledger and the receipts know of a message, and what happens next. The id is the message's, or
its job's. The content is not shown.

Examples:
  $ herald explain order-31
  $ herald explain order-31 --channel kongregate --json`;

/** `*At`, `since`, `until` … hold milliseconds; people and programs read instants. */
const INSTANTS = new Set([
  'now',
  'at',
  'since',
  'until',
  'deadline',
  'doubtSince',
  'enqueuedAt',
  'dueAt',
  'sendAt',
  'expiresAt',
]);

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function toFields(part: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(part).map(([name, value]) => [
      snake(name),
      INSTANTS.has(name) && typeof value === 'number' ? instantText(value) : value,
    ]),
  );
}

const PARTS = [
  'job',
  'letter',
  'message',
  'record',
  'slot',
  'play',
  'predicted',
  'stopped',
  'resting',
] as const;

/** What there mostly is none of, and what is then not worth a line. */
const RARE: readonly string[] = ['letter', 'stopped', 'resting'];

const toDocument = (explanation: Explanation): object => ({
  channel: explanation.channel,
  id: explanation.id,
  now: instantText(explanation.now),
  next: nextStep(explanation),
  ...Object.fromEntries(PARTS.map((part) => [part, explanation[part] && toFields(explanation[part])])),
  workers: explanation.workers,
  receipts: explanation.receipts.map(toFields),
  receipts_complete: explanation.receiptsComplete,
});

function toText(explanation: Explanation, output: Output): string {
  const rows = PARTS.flatMap((part): Cell[][] => {
    const value = explanation[part];
    if (!value) return RARE.includes(part) ? [] : [[part, '', 'not known']];
    return Object.entries(toFields(value)).map(([name, field], i) => [
      i === 0 ? part : '',
      name,
      cell(field),
    ]);
  });
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

const run: Run<ExplainOptions> = async (invocation) =>
  await withInstallation(invocation, async (installation) => {
    const { output, args, options } = invocation;
    const [id = ''] = args;
    if (options.channel !== undefined) checkChannels(installation, [options.channel]);
    const explanations = await explain(installation, id, options.channel);
    for (const explanation of explanations) {
      output.result(toDocument(explanation), () => toText(explanation, output));
    }
    if (explanations.length > 0) return EXIT.done;
    const where = options.channel === undefined ? 'any channel' : `channel ${options.channel}`;
    output.note(
      `herald: ${JSON.stringify(id)} is not known in ${where}: never enqueued, or forgotten a day after its final state`,
    );
    return EXIT.partly;
  });

export const addExplain: AddCommand = (program, shell) => {
  program
    .command('explain')
    .argument('<id>', 'a message id or a job id')
    .description('Say what is known of one message, and what happens next.')
    .option('--channel <name>', 'only in this channel')
    .addHelpText('after', HELP)
    .action(shell.action(run));
};
