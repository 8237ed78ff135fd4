import type { Command } from 'commander';
import { type CommandContext, EXIT, type ExitCode } from './context.ts';
import type { Output } from './output.ts';
import { createReport, type Report } from './report.ts';

/** Options that every command takes. */
export interface GlobalOptions {
  config?: string;
  json?: boolean;
}

/** One call of one command. */
export interface Invocation<O = unknown, R extends Report = Output> {
  context: CommandContext;
  output: R;
  /** The command's arguments, in order. */
  args: readonly string[];
  options: O & GlobalOptions;
}

export type Run<O, R extends Report = Output> = (invocation: Invocation<O, R>) => Promise<ExitCode>;

/** What a command is added to the program with. */
export interface Shell {
  /** Turns a command's function, which returns the exit code, into an action. */
  action<O>(run: Run<O>): (this: Command) => Promise<void>;
  /** The same for a command that must start quickly and prints no table. */
  quickAction<O>(run: Run<O, Report>): (this: Command) => Promise<void>;
}

/** Adds one command, or one group of them, to the program. */
export type AddCommand = (program: Command, shell: Shell) => void;

export function createShell(context: CommandContext): Shell & { exitCode(): ExitCode } {
  let exitCode: ExitCode = EXIT.done;
  const acting = <O, R extends Report>(run: Run<O, R>, open: (json: boolean) => R | Promise<R>) =>
    async function action(this: Command) {
      const options = this.optsWithGlobals() as O & GlobalOptions;
      const output = await open(options.json === true);
      exitCode = await run({ context, output, args: this.args, options });
    };
  return {
    exitCode: () => exitCode,
    action: (run) => acting(run, async (json) => (await import('./output.ts')).createOutput(context, json)),
    quickAction: (run) => acting(run, (json) => createReport(context, json)),
  };
}
