import type { Admin } from '../../admin/admin.ts';
import type { DeadLetterPlan, Replayed } from '../../admin/dead-letter-admin.ts';
import { EXIT, type ExitCode } from '../context.ts';
import { lostAfter } from '../failure.ts';
import { withAdmin } from '../installation.ts';
import { ageText, parseRate } from '../moments.ts';
import { startProgress } from '../progress.ts';
import type { AddCommand, Invocation, Run } from '../shell.ts';
import { outlookDocuments, outlookRows, predictPlan } from './dead-outlook.ts';
import { resumeCommand } from './dead-resume.ts';
import {
  addSelection,
  groupDocuments,
  groupRows,
  missingDocument,
  noteMissing,
  type SelectionOptions,
  selectionOf,
} from './dead-selection.ts';

interface ReplayCommandOptions extends SelectionOptions {
  rate?: Rate;
  each?: boolean;
  yes?: boolean;
}

interface Rate {
  perSecond: number;
  /** As it was given. */
  text: string;
}

const HELP = `
Without --yes the plan is printed and nothing is changed: how many of which reason, and what would become of them if they were
replayed now, by the rules that the workers go by. --each also prints that for each letter. A replay is a new run with a full budget
of attempts: expiry, eligibility, slot and rate are checked again. Messages that die meanwhile are not included. Unconfirmed
messages may have arrived: only --reason unconfirmed replays them.

It may be interrupted (Ctrl-C): it then prints the command that goes on with the rest, at the same rate.

Examples:
  $ herald dead replay --channel kongregate --since 2h
  $ herald dead replay --reason exhausted --each --json
  $ herald dead replay --reason exhausted --rate 50/s --yes
  $ herald dead replay --reason bad_request --detail 'HTTP 413: too large' --yes
  $ herald dead replay --campaign spring --rate 50/s --yes
  $ herald dead replay order-31 --yes`;

const planDocument = (plan: DeadLetterPlan): object => ({
  letters: plan.letters,
  groups: groupDocuments(plan.groups),
  left_out: { unconfirmed: plan.leftOut },
  ...missingDocument(plan),
});

const secondsFor = ({ letters }: DeadLetterPlan, rate: Rate | undefined): number | null =>
  rate ? Math.ceil(letters / rate.perSecond) : null;

async function showPlan(
  admin: Admin,
  plan: DeadLetterPlan,
  invocation: Invocation<ReplayCommandOptions>,
): Promise<ExitCode> {
  const { output, options } = invocation;
  const outlook = await predictPlan(admin, plan, invocation, options.each === true);
  const seconds = secondsFor(plan, options.rate);
  const document = { ...planDocument(plan), outlook: outlookDocuments(outlook), seconds };
  output.result({ dry_run: true, ...document, interrupted: outlook.interrupted }, () => {
    if (plan.letters === 0) return 'nothing to replay';
    const within = seconds === null ? '' : `, in about ${ageText(seconds * 1000)}`;
    return [
      groupRows(plan.groups, output),
      '',
      outlookRows(outlook, output),
      '',
      `${plan.letters} would be replayed, oldest first${within}; use --yes to replay them.`,
    ].join('\n');
  });
  if (outlook.interrupted) output.note(`herald: interrupted after ${outlook.letters} of ${plan.letters}`);
  return outlook.interrupted ? EXIT.partly : EXIT.done;
}

async function replay(
  { deadLetters }: Admin,
  plan: DeadLetterPlan,
  invocation: Invocation<ReplayCommandOptions>,
): Promise<Replayed> {
  const { context, output, options } = invocation;
  const { stderr: stream, clock, signal } = context;
  const seconds = secondsFor(plan, options.rate);
  if (seconds !== null)
    output.note(
      `herald: replaying ${plan.letters} dead letters at ${options.rate!.text}, in about ${ageText(seconds * 1000)}`,
    );
  const progress = startProgress({ stream, clock, noun: 'dead letters', total: plan.letters, lines: true });
  let steps = 0;
  try {
    const result = await deadLetters.replay(plan, {
      perSecond: options.rate?.perSecond,
      signal,
      onStep({ channel, name }, step) {
        steps += 1;
        progress.update(steps, steps);
        if (step.kind !== 'failed') return;
        progress.giveWay();
        output.note(`herald: ${channel} ${name}: ${step.why}`);
      },
    });
    progress.stop();
    if (result.interrupted)
      output.note(`herald: interrupted after ${steps} of ${plan.letters}; ${rest(invocation, plan, steps)}`);
    return result;
  } catch (error) {
    progress.stop();
    throw lostAfter(error, steps, `of ${plan.letters} dead letters; ${rest(invocation, plan, steps)}`);
  }
}

const rest = (...cut: Parameters<typeof resumeCommand>): string =>
  `for the rest run ${resumeCommand(...cut)}`;

function report(result: Replayed, plan: DeadLetterPlan, { output }: Invocation): ExitCode {
  const counts = {
    replayed: result.replayed,
    already_replayed: result.alreadyReplayed,
    already_delivered: result.alreadyDelivered,
    failed: result.failed,
  };
  const { interrupted } = result;
  output.result({ dry_run: false, ...counts, interrupted, ...planDocument(plan) }, () =>
    output.table(['status', 'dead letters'], Object.entries(counts)),
  );
  return interrupted || result.failed > 0 ? EXIT.partly : EXIT.done;
}

const run: Run<ReplayCommandOptions> = async (invocation) =>
  await withAdmin(invocation, async (admin) => {
    const plan = await admin.deadLetters.plan(selectionOf(invocation));
    for (const warning of plan.warnings) invocation.output.note(`herald: ${warning}`);
    const whole = noteMissing(plan, invocation.output);
    const ended =
      invocation.options.yes === true
        ? report(await replay(admin, plan, invocation), plan, invocation)
        : await showPlan(admin, plan, invocation);
    return whole ? ended : EXIT.partly;
  });

const toRate = (text: string): Rate => ({ perSecond: parseRate(text), text });

export const addDeadReplay: AddCommand = (dead, shell) => {
  addSelection(dead.command('replay'))
    .description('Replay dead letters: put them back into their queues.')
    .option('--rate <rate>', 'maximum rate, such as 50/s or 100/m (default: no limit)', toRate)
    .option('--each', 'without --yes: also print what would become of each')
    .option('--yes', 'do it; without it only the plan is printed')
    .addHelpText('after', HELP)
    .action(shell.action(run));
};
