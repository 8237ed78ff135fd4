import type { Admin, Forgotten } from '../../admin/admin.ts';
import { EXIT } from '../context.ts';
import { wrongUsage } from '../failure.ts';
import { withAdmin } from '../installation.ts';
import type { AddCommand, Invocation, Run } from '../shell.ts';

interface ForgetOptions {
  yes?: boolean;
}

const GROUP_HELP = `
Examples:
  $ herald channel pause kongregate
  $ herald channel resume kongregate`;

const PAUSE_HELP = `
Messages are still accepted and wait; none is lost. Nothing is granted from now on. What was granted before may still leave, within
2.5 seconds, and requests in flight finish.

Example:
  $ herald channel pause kongregate`;

const RESUME_HELP = `
Ends a pause (also one made by a BullMQ dashboard), a stop for refused credentials, a rest and an open breaker.

Example:
  $ herald channel resume kongregate`;

const FORGET_HELP = `
Removes the announcement of a channel that no longer exists: producers then refuse messages that name it.

Example:
  $ herald channel forget old-forum`;

/** Runs `act` on the channel that the command line names. */
const onChannel =
  <O>(act: (admin: Admin, name: string, invocation: Invocation<O>) => Promise<void>): Run<O> =>
  async (invocation) => {
    const [name = ''] = invocation.args;
    await withAdmin(invocation, async (admin) => await act(admin, name, invocation));
    return EXIT.done;
  };

const pause = onChannel<object>(async ({ channels }, name, { output }) => {
  await channels.pause(name);
  output.result({ channel: name, stopped: 'paused' }, () => `${name} paused`);
});

const resume = onChannel<object>(async ({ channels }, name, { output }) => {
  const { stopped, changed } = await channels.resume(name);
  const was = stopped
    ? ` (it was stopped: ${stopped})`
    : changed
      ? ' (it was resting)'
      : ' (it was not paused)';
  output.result({ channel: name, was_stopped: stopped, changed }, () => `${name} resumed${was}`);
});

const forget = onChannel<ForgetOptions>(async ({ channels }, name, { output, options }) => {
  const forgotten = await channels.forget(name, { anyway: options.yes === true });
  if (forgotten.kind === 'kept') throw refusal(name, forgotten);
  output.result({ channel: name, was_announced: forgotten.announced }, () =>
    forgotten.announced ? `${name} forgotten` : `${name} was not announced`,
  );
});

const refusal = (name: string, { waiting, dead }: Extract<Forgotten, { kind: 'kept' }>) =>
  wrongUsage(
    `${name} still has ${waiting} messages in its queue and ${dead} dead letters; use --yes to forget it anyway`,
  );

export const addChannel: AddCommand = (program, shell) => {
  const channel = program
    .command('channel')
    .description('Pause, resume or forget a channel.')
    .addHelpText('after', GROUP_HELP);
  channel
    .command('pause')
    .argument('<name>', 'a configured or announced channel')
    .description('Send nothing on a channel until it is resumed.')
    .addHelpText('after', PAUSE_HELP)
    .action(shell.action(pause));
  channel
    .command('resume')
    .argument('<name>', 'a configured or announced channel')
    .description('Resume a channel.')
    .addHelpText('after', RESUME_HELP)
    .action(shell.action(resume));
  channel
    .command('forget')
    .argument('<name>', 'an announced channel')
    .description('Remove the announcement of a channel that no longer exists.')
    .option('--yes', 'even if messages wait or dead letters are left')
    .addHelpText('after', FORGET_HELP)
    .action(shell.action(forget));
};
