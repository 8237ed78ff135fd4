import { Readable, Writable } from 'node:stream';
import type { Argument, Command, Option } from 'commander';
import { loadCommands } from '../../src/cli/commands/index.ts';
import { createProgram } from '../../src/cli/program.ts';
import { createShell } from '../../src/cli/shell.ts';
import { systemClock } from '../../src/clock.ts';
import { markdownTable } from './markdown-table.ts';

/** The reference of the commands, out of their definitions: what `--help` prints, as Markdown. */

/** Indented lines are examples, or a table of their own; the rest is prose. */
function describeHelpText(text: string): string {
  const blocks = text.trim().split(/\n{2,}|(?<=:)\n(?= )/);
  return blocks
    .map((block) => (/^ /.test(block) ? `\`\`\`sh\n${block.replace(/^ {2}/gm, '')}\n\`\`\`` : block))
    .join('\n\n');
}

/** What Commander prints after a command's options. */
function textAfterOptions(command: Command): string {
  const parts: string[] = [];
  command.configureOutput({ writeOut: (part) => parts.push(part) });
  command.outputHelp();
  return parts.slice(parts.indexOf(command.helpInformation()) + 1).join('');
}

const defaultText = (value: unknown): string =>
  value === undefined || value === false ? '' : ` (default: \`${String(value)}\`)`;

function describeArgument(argument: Argument): string[] {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return [`\`${argument.required ? `<${name}>` : `[${name}]`}\``, argument.description];
}

function describeOption({ flags, description, mandatory, ...option }: Option): string[] {
  const byDefault = option.defaultValueDescription ?? option.defaultValue;
  return [`\`${flags}\``, `${description}${mandatory ? ' (required)' : defaultText(byDefault)}`];
}

function optionsTable(command: Command): string {
  const options = command.options.filter((option) => !option.hidden);
  const rows = [...command.registeredArguments.map(describeArgument), ...options.map(describeOption)];
  return rows.length === 0 ? '' : markdownTable(['argument or option', 'meaning'], rows);
}

const isGroup = (command: Command): boolean => command.commands.length > 0;

function describeCommand(command: Command, parents: readonly string[]): string[] {
  const names = [...parents, command.name()];
  const heading = `${'#'.repeat(names.length)} \`${names.join(' ')}\``;
  const usage = isGroup(command) ? '' : `\`\`\`\n${names.join(' ')} ${command.usage()}\n\`\`\``;
  const own = [heading, command.description(), usage, isGroup(command) ? '' : optionsTable(command)];
  const text = isGroup(command) ? '' : describeHelpText(textAfterOptions(command));
  return [...own, text, ...command.commands.flatMap((inner) => describeCommand(inner, names))];
}

/** Commands that are looked at and never run. */
async function loadProgram(): Promise<Command> {
  const context = {
    env: {},
    stdin: Readable.from([]),
    stdout: new Writable(),
    stderr: new Writable(),
    clock: systemClock,
    signal: new AbortController().signal,
  };
  const whole = createProgram(context, '0.0.0');
  for (const add of await loadCommands()) add(whole, createShell(context));
  return whole;
}

export const program = await loadProgram();

export function commandReference(): string {
  const { commands } = program;
  return commands
    .flatMap((command) => describeCommand(command, ['herald']))
    .filter((block) => block !== '')
    .join('\n\n');
}

/** One row a command, with a link to what `commandReference` says of it. */
export function commandOverview(): string {
  const rows = program.commands.flatMap((command) =>
    (isGroup(command) ? command.commands : [command]).map((each) => {
      const name = isGroup(command) ? `herald ${command.name()} ${each.name()}` : `herald ${each.name()}`;
      return [`[\`${name}\`](#${name.replaceAll(' ', '-')})`, each.description()];
    }),
  );
  return markdownTable(['command', 'does'], rows);
}

/** The options that every command takes. */
export const globalOptions = (): string => optionsTable(program);
