import type { Installation } from '../../admin/installation.ts';
import { type ReplayResult, replayLetters } from '../../dead-letters/replay.ts';
import { countLeftOut, replayableReasons, replayWarnings } from '../../dead-letters/replay-warnings.ts';
import { type LetterPlan, planLetters } from '../../dead-letters/selection.ts';
import { isLostConnection } from '../../redis/errors.ts';
import { EXIT, type ExitCode } from '../context.ts';
import { CommandFailure } from '../failure.ts';
import { withInstallation } from '../installation.ts';
import { parseRate } from '../moments.ts';
import { startProgress } from '../progress.ts';
import type { AddCommand, Invocation, Run } from '../shell.ts';
import {
  addSelection,
  groupDocuments,
  groupRows,
  type SelectionOptions,
  selectionOf,
} from './dead-selection.ts';

interface ReplayCommandOptions extends SelectionOptions {
  rate?: number;
  yes?: boolean;
}

const HELP = `
Without --yes the plan is printed and nothing is changed. A replay is a new run with a full budget of attempts: expiry,
eligibility, daily slot and rate are checked again. Letters that die meanwhile are left alone. It may be interrupted and
begun again. Letters that are unconfirmed may have arrived: only --reason unconfirmed replays them.

Examples:
  $ herald dead replay --channel kongregate --since 2h
  $ herald dead replay --reason exhausted --rate 50/s --yes
  $ herald dead replay order-31 --yes`;

interface Planned {
  plan: LetterPlan;
  leftOut: number;
}

async function makePlan(
  invocation: Invocation<ReplayCommandOptions>,
  installation: Installation,
): Promise<Planned> {
  const selection = selectionOf(invocation, installation);
  const leftOut = await countLeftOut(installation, selection);
  const reasons = replayableReasons(selection.reasons);
  const plan = await planLetters(installation, { ...selection, reasons });
  for (const warning of replayWarnings(plan.groups, leftOut)) invocation.output.note(`herald: ${warning}`);
  for (const id of plan.unknownIds) invocation.output.note(`herald: no dead letter ${JSON.stringify(id)}`);
  return { plan, leftOut };
}

const planDocument = ({ plan, leftOut }: Planned): object => ({
  letters: plan.letters,
  groups: groupDocuments(plan.groups),
  left_out: { unconfirmed: leftOut },
  unknown_ids: plan.unknownIds,
});

function printPlan(planned: Planned, { output }: Invocation): ExitCode {
  const { plan } = planned;
  output.result({ dry_run: true, ...planDocument(planned) }, () =>
    plan.letters === 0
      ? 'nothing to replay'
      : `${groupRows(plan.groups, output)}\n${plan.letters} would be replayed, oldest first; --yes does it.`,
  );
  return plan.unknownIds.length > 0 ? EXIT.partly : EXIT.done;
}

async function replay(
  installation: Installation,
  { plan }: Planned,
  { context, output, options }: Invocation<ReplayCommandOptions>,
): Promise<ReplayResult> {
  const progress = startProgress(context.stderr, 'letters', plan.letters);
  let steps = 0;
  try {
    return await replayLetters(installation, plan.read(), {
      perSecond: options.rate,
      signal: context.signal,
      onStep({ channel, name }, step) {
        steps += 1;
        progress.update(steps, steps);
        if (step.kind !== 'failed') return;
        progress.giveWay();
        output.note(`herald: ${channel.name} ${name}: ${step.why}`);
      },
    });
  } catch (error) {
    if (steps === 0 || !isLostConnection(error)) throw error;
    const message = `Redis went away after ${steps} letters; replay again for the rest`;
    throw new CommandFailure(message, EXIT.partly, { cause: error });
  } finally {
    progress.stop();
  }
}

function report(result: ReplayResult, planned: Planned, { output }: Invocation): ExitCode {
  const counts = {
    replayed: result.replayed,
    already_replayed: result.alreadyReplayed,
    already_delivered: result.alreadyDelivered,
    failed: result.failed,
  };
  const { interrupted } = result;
  output.result({ dry_run: false, ...counts, interrupted, ...planDocument(planned) }, () =>
    output.table(['status', 'letters'], Object.entries(counts)),
  );
  if (interrupted) output.note('herald: interrupted; replay again for the rest');
  const whole = !interrupted && result.failed === 0 && planned.plan.unknownIds.length === 0;
  return whole ? EXIT.done : EXIT.partly;
}

const run: Run<ReplayCommandOptions> = async (invocation) =>
  await withInstallation(invocation, async (installation) => {
    const planned = await makePlan(invocation, installation);
    if (invocation.options.yes !== true) return printPlan(planned, invocation);
    return report(await replay(installation, planned, invocation), planned, invocation);
  });

export const addDeadReplay: AddCommand = (dead, shell) => {
  addSelection(dead.command('replay'))
    .description('Send dead letters back to their queues.')
    .option('--rate <rate>', 'at most so many: 50/s, 100/m (default: as fast as it goes)', parseRate)
    .option('--yes', 'do it')
    .addHelpText('after', HELP)
    .action(shell.action(run));
};
