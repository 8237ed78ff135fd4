import { EXIT } from '../context.ts';
import { lostAfter } from '../failure.ts';
import { withAdmin } from '../installation.ts';
import { startProgress } from '../progress.ts';
import type { AddCommand, Run } from '../shell.ts';
import {
  addSelection,
  groupDocuments,
  groupRows,
  missingDocument,
  noteMissing,
  type SelectionOptions,
  selectionOf,
} from './dead-selection.ts';

interface PurgeCommandOptions extends SelectionOptions {
  yes?: boolean;
}

const HELP = `
Without --yes the plan is printed and nothing is changed. Purged dead letters cannot be replayed; their receipts stay.

Examples:
  $ herald dead purge --until 30d
  $ herald dead purge --reason bad_recipient --until 7d --yes`;

const run: Run<PurgeCommandOptions> = async (invocation) =>
  await withAdmin(invocation, async ({ deadLetters }) => {
    const { output, context, options } = invocation;
    const plan = await deadLetters.plan(selectionOf(invocation), 'purge');
    const whole = noteMissing(plan, output);
    const document = {
      letters: plan.letters,
      groups: groupDocuments(plan.groups),
      ...missingDocument(plan),
    };
    if (options.yes !== true) {
      output.result({ dry_run: true, ...document }, () =>
        plan.letters === 0
          ? 'nothing to purge'
          : `${groupRows(plan.groups, output)}\n${plan.letters} would be deleted permanently, oldest first; use --yes to purge them.`,
      );
      return whole ? EXIT.done : EXIT.partly;
    }
    const { stderr: stream, clock } = context;
    const progress = startProgress({ stream, clock, noun: 'dead letters', total: plan.letters, lines: true });
    let steps = 0;
    const onStep = (): void => {
      steps += 1;
      progress.update(steps, steps);
    };
    const result = await deadLetters
      .purge(plan, { signal: context.signal, onStep })
      .catch((error: unknown) => {
        throw lostAfter(error, steps, `of ${plan.letters} dead letters; run it again for the rest`);
      })
      .finally(() => progress.stop());
    const counts = { purged: result.purged, replayed_meanwhile: result.replayedMeanwhile };
    output.result({ dry_run: false, ...counts, interrupted: result.interrupted, ...document }, () =>
      output.table(['status', 'dead letters'], Object.entries(counts)),
    );
    if (result.interrupted) output.note('herald: interrupted; run it again for the rest');
    return whole && !result.interrupted ? EXIT.done : EXIT.partly;
  });

export const addDeadPurge: AddCommand = (dead, shell) => {
  addSelection(dead.command('purge'))
    .description('Delete dead letters permanently.')
    .option('--yes', 'do it; without it only the plan is printed')
    .addHelpText('after', HELP)
    .action(shell.action(run));
};
