import type { AddCommand } from '../shell.ts';

const HELP = `
Everything is the demo's own and gone when it ends: a Redis on a free port (redis-server or valkey-server on the PATH; as
root on Debian or Ubuntu the package is installed where it is missing), four simulated platforms, two workers, and two
producers that enqueue some 2,400 messages for 1,500 players of Kongregate and 120 messages for each of Zulip, Discourse
and User.com. One of the workers is killed and started again. Exit code 0 means that the promise held: one final state a
message, receipts that agree with the platforms, no player of Kongregate with two messages, each message of Zulip and
Discourse exactly once, none of User.com twice.

Examples:
  $ herald demo
  $ herald demo --json`;

export const addDemo: AddCommand = (program, shell) => {
  program
    .command('demo')
    .description('Run a demonstration on a Redis of its own and simulated platforms, in about 20 seconds.')
    .addHelpText('after', HELP)
    // Loaded only here: nothing else in src knows the demo and the harness that it uses.
    .action(
      shell.action(async (invocation) => (await import('../../../demo/run-demo.ts')).runDemo(invocation)),
    );
};
