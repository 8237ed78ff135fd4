import type { Admin } from '../../admin/admin.ts';
import type { DeadLetterPlan, Replayed } from '../../admin/dead-letter-admin.ts';
import { RedisUnreachableError } from '../../redis/connection-errors.ts';
import { EXIT, type ExitCode } from '../context.ts';
import { CommandFailure } from '../failure.ts';
import { withAdmin } from '../installation.ts';
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
eligibility, slot and rate are checked again. Messages that die meanwhile are not included. It may be interrupted and run
again. Unconfirmed messages may have arrived: only --reason unconfirmed replays them.

Examples:
  $ herald dead replay --channel kongregate --since 2h
  $ herald dead replay --reason exhausted --rate 50/s --yes
  $ herald dead replay order-31 --yes`;

const planDocument = (plan: DeadLetterPlan): object => ({
  letters: plan.letters,
  groups: groupDocuments(plan.groups),
  left_out: { unconfirmed: plan.leftOut },
  unknown_ids: plan.unknownIds,
});

function printPlan(plan: DeadLetterPlan, { output }: Invocation): ExitCode {
  output.result({ dry_run: true, ...planDocument(plan) }, () =>
    plan.letters === 0
      ? 'nothing to replay'
      : `${groupRows(plan.groups, output)}\n${plan.letters} would be replayed, oldest first; use --yes to replay them.`,
  );
  return plan.unknownIds.length > 0 ? EXIT.partly : EXIT.done;
}

async function replay(
  { deadLetters }: Admin,
  plan: DeadLetterPlan,
  { context, output, options }: Invocation<ReplayCommandOptions>,
): Promise<Replayed> {
  const progress = startProgress(context.stderr, 'dead letters', plan.letters);
  let steps = 0;
  try {
    return await deadLetters.replay(plan, {
      perSecond: options.rate,
      signal: context.signal,
      onStep({ channel, name }, step) {
        steps += 1;
        progress.update(steps, steps);
        if (step.kind !== 'failed') return;
        progress.giveWay();
        output.note(`herald: ${channel} ${name}: ${step.why}`);
      },
    });
  } catch (error) {
    if (steps === 0 || !(error instanceof RedisUnreachableError)) throw error;
    const message = `lost the connection to Redis after ${steps} dead letters; run it again for the rest`;
    throw new CommandFailure(message, EXIT.partly, { cause: error });
  } finally {
    progress.stop();
  }
}

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
  if (interrupted) output.note('herald: interrupted; run it again for the rest');
  const whole = !interrupted && result.failed === 0 && plan.unknownIds.length === 0;
  return whole ? EXIT.done : EXIT.partly;
}

const run: Run<ReplayCommandOptions> = async (invocation) =>
  await withAdmin(invocation, async (admin) => {
    const plan = await admin.deadLetters.plan(selectionOf(invocation));
    for (const warning of plan.warnings) invocation.output.note(`herald: ${warning}`);
    for (const id of plan.unknownIds) invocation.output.note(`herald: no dead letter ${JSON.stringify(id)}`);
    if (invocation.options.yes !== true) return printPlan(plan, invocation);
    return report(await replay(admin, plan, invocation), plan, invocation);
  });

export const addDeadReplay: AddCommand = (dead, shell) => {
  addSelection(dead.command('replay'))
    .description('Replay dead letters: put them back into their queues.')
    .option('--rate <rate>', 'maximum rate, such as 50/s or 100/m (default: no limit)', parseRate)
    .option('--yes', 'do it; without it only the plan is printed')
    .addHelpText('after', HELP)
    .action(shell.action(run));
};
