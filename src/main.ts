#!/usr/bin/env node
import { fstatSync } from 'node:fs';
import { EXIT } from './cli/context.ts';
import { wrongUsage } from './cli/failure.ts';
import { runCommandLine } from './cli/program.ts';
import { systemClock } from './clock.ts';
import { environment } from './environment.ts';
import { readVersion } from './observe/build-info.ts';

const interruption = new AbortController();
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
// The second signal of either kind has no handler and ends the process at once.
const interrupt = (signal: NodeJS.Signals): void => {
  for (const each of SIGNALS) process.off(each, interrupt);
  interruption.abort(signal);
};
for (const signal of SIGNALS) process.on(signal, interrupt);
// `herald … | head` closes the pipe early; that is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  process.stderr.write(`herald: cannot write to standard output: ${error.message}\n`);
  process.exit(EXIT.partly);
});

/** Node reads a directory as an empty stream. */
function standardInput(): typeof process.stdin {
  if (fstatSync(process.stdin.fd).isDirectory()) {
    throw wrongUsage('cannot read standard input: it is a directory');
  }
  return process.stdin;
}

const context = {
  env: environment(),
  // Opened only by commands that read it: an open standard input would keep the process alive.
  get stdin() {
    return standardInput();
  },
  stdout: process.stdout,
  stderr: process.stderr,
  clock: systemClock,
  signal: interruption.signal,
};

process.exitCode = await runCommandLine(process.argv.slice(2), context, readVersion());
