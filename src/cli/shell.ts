import type { Command } from 'commander';
import { type CommandContext, EXIT, type ExitCode } from './context.ts';
import { createOutput, type Output } from './output.ts';

/** Options that every command takes. */
export interface GlobalOptions {
  config?: string;
  json?: boolean;
}

/** One call of one command. */
export interface Invocation<O = unknown> {
  context: CommandContext;
  output: Output;
  /** The command's arguments, in order. */
  args: readonly string[];
  options: O & GlobalOptions;
}

export type Run<O> = (invocation: Invocation<O>) => Promise<ExitCode>;

/** What a command needs to be added to the program. */
export interface Shell {
  /** Turns a command's function into an action; what it returns is the exit code. */
  action<O>(run: Run<O>): (this: Command) => Promise<void>;
}

/** Adds one command, or one group of them, to the program. */
export type AddCommand = (program: Command, shell: Shell) => void;

export function createShell(context: CommandContext): Shell & { exitCode(): ExitCode } {
  let exitCode: ExitCode = EXIT.done;
  return {
    exitCode: () => exitCode,
    action: (run) =>
      async function action(this: Command) {
        const options = this.optsWithGlobals() as Parameters<typeof run>[0]['options'];
        const output = createOutput(context, options.json === true);
        exitCode = await run({ context, output, args: this.args, options });
      },
  };
}
