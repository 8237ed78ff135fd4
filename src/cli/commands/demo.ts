import { runDemo } from '../demo/run-demo.ts';
import type { AddCommand } from '../shell.ts';

const HELP = `
Everything is the demo's own and gone when it ends: a Redis on a free port (redis-server or valkey-server on the PATH; as
root on Debian or Ubuntu the package is installed where it is missing), a simulated platform, two workers, and two
producers that enqueue some 2,400 messages for 1,500 players. One of the workers is killed and started again. Exit code 0
tells that the promise held: one final state a message, no player with two, and receipts that agree with the platform.

Examples:
  $ herald demo
  $ herald demo --json`;

export const addDemo: AddCommand = (program, shell) => {
  program
    .command('demo')
    .description('Show the whole thing at work, in about half a minute.')
    .addHelpText('after', HELP)
    .action(shell.action(runDemo));
};
