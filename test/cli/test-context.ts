import { Readable, Writable } from 'node:stream';
import type { CommandContext, OutputStream } from '../../src/cli/context.ts';
import { runCommandLine } from '../../src/cli/program.ts';
import { systemClock } from '../../src/clock.ts';

export interface TestContextOptions {
  env?: Record<string, string>;
  /** Text on standard input, or a stream that the test feeds. */
  stdin?: string | Readable;
  /** Standard output and standard error are terminals. */
  terminal?: boolean;
  /** Of the terminal; 100 when absent. */
  columns?: number;
}

function capture(terminal: boolean, columns: number): { stream: OutputStream; text: () => string } {
  let text = '';
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  return { stream: Object.assign(stream, terminal ? { isTTY: true, columns } : {}), text: () => text };
}

/** The world of a command, held in memory. */
export function testContext(options: TestContextOptions = {}) {
  const { stdin = '', terminal = false, columns = 100 } = options;
  const [stdout, stderr] = [capture(terminal, columns), capture(terminal, columns)];
  const interruption = new AbortController();
  const context: CommandContext = {
    env: options.env ?? {},
    stdin: typeof stdin === 'string' ? Readable.from([Buffer.from(stdin)]) : stdin,
    stdout: stdout.stream,
    stderr: stderr.stream,
    clock: systemClock,
    signal: interruption.signal,
  };
  return { context, stdout: stdout.text, stderr: stderr.text, interrupt: () => interruption.abort('SIGINT') };
}

/** Runs a whole command line in this process. */
export async function herald(argv: readonly string[], options: TestContextOptions = {}) {
  const { context, stdout, stderr } = testContext(options);
  const exitCode = await runCommandLine(argv, context, '1.2.3');
  return { exitCode, stdout: stdout(), stderr: stderr() };
}
