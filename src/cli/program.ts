import { Command, CommanderError, Help, type Option } from 'commander';
import { loadCommands } from './commands/index.ts';
import { type CommandContext, EXIT, type ExitCode } from './context.ts';
import { printable } from './report.ts';
import { createShell } from './shell.ts';

const INTRODUCTION = 'Delivers queued messages to people on Kongregate, Zulip, Discourse and User.com.';

const EPILOGUE = `
Exit codes:
  0  done
  1  partly failed
  2  wrong usage or configuration
  3  Redis unreachable and nothing done

Example:
  $ echo '{"platform":"kongregate","to":{"userId":32},"content":"Hello"}' | herald send`;

/** The program without its commands. `--help` and docs/commands.md are generated from it. */
export function createProgram(context: CommandContext, version: string): Command {
  return new Command('herald')
    .description(INTRODUCTION)
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .option('-c, --config <file>', 'configuration file (default: $HERALD_CONFIG, else herald.yaml here)')
    .option('--json', 'print results as JSON, one document a line')
    .addHelpText('after', EPILOGUE)
    .exitOverride()
    .showHelpAfterError('Use --help for options and examples.')
    .configureHelp({ showGlobalOptions: true, optionDescription })
    .configureOutput({
      writeOut: (text) => void context.stdout.write(reflow(text, context.stdout.columns ?? 80)),
      writeErr: (text) => void context.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'herald: ')),
      getOutHelpWidth: () => context.stdout.columns ?? 80,
      getErrHelpWidth: () => context.stderr.columns ?? 80,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
}

/** The first argument that is neither an option nor the value of one. */
const commandIn = (argv: readonly string[]): string | undefined =>
  argv.find((argument, i) => !(argument.startsWith('-') || ['-c', '--config'].includes(argv[i - 1] ?? '')));

/** Commander shows defaults, but not which options are required. */
const optionDescription = (option: Option): string => {
  const description = new Help().optionDescription(option);
  return option.mandatory ? `${description} (required)` : description;
};

/** Wraps the texts after a command's options, which Commander leaves as they are; examples stay unchanged. */
function reflow(help: string, width: number): string {
  const filler = new Help();
  filler.minWidthToWrap = 0;
  const paragraph = /^\S.*(?:\n\S.*)*/gm;
  return help.replace(paragraph, (text) => filler.boxWrap(text.replaceAll('\n', ' '), width));
}

/**
 * Runs one command line (without the interpreter and the script) and returns its exit code. Expected failures are one sentence on
 * standard error; only a bug prints a stack.
 */
export async function runCommandLine(
  argv: readonly string[],
  context: CommandContext,
  version: string,
): Promise<ExitCode> {
  const shell = createShell(context);
  const program = createProgram(context, version);
  for (const add of await loadCommands(commandIn(argv))) add(program, shell);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return shell.exitCode();
  } catch (error) {
    // Commander has printed its message, or the requested help.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    // Loaded late: it knows the errors of every folder, and a command that succeeds does not need them.
    const { describeFailure } = await import('./describe-failure.ts');
    const { exitCode, lines, stack } = describeFailure(error);
    for (const line of lines) context.stderr.write(`herald: ${printable(line)}\n`);
    if (stack !== undefined) context.stderr.write(`${stack}\n`);
    return exitCode;
  }
}
