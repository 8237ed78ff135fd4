import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { loadCommands } from '../../src/cli/commands/index.ts';
import { EXIT } from '../../src/cli/context.ts';
import { createShell } from '../../src/cli/shell.ts';
import { herald, testContext } from './test-context.ts';

const everyCommand = await loadCommands();

describe('the command line', () => {
  it('prints its help on standard output, with an example and the exit codes', async () => {
    const { exitCode, stdout, stderr } = await herald(['--help']);
    expect([exitCode, stderr]).toEqual([EXIT.done, '']);
    expect(stdout).toContain('Example:');
    expect(stdout).toContain('3  Redis unreachable and nothing done');
  });

  it('prints its version', async () => {
    expect(await herald(['--version'])).toEqual({ exitCode: EXIT.done, stdout: '1.2.3\n', stderr: '' });
  });

  it('takes no command, an unknown one and an unknown option for wrong usage, told in one sentence', async () => {
    expect((await herald([])).exitCode).toBe(EXIT.usage);
    const unknown = await herald(['sned']);
    expect([unknown.exitCode, unknown.stdout]).toEqual([EXIT.usage, '']);
    expect(unknown.stderr).toMatch(/^herald: .*'sned'/);
    expect((await herald(['--no-such-option'])).exitCode).toBe(EXIT.usage);
  });

  /** Every command that does something, with its full name. */
  function leaves(command: Command, name: string): [string, Command][] {
    if (command.commands.length === 0) return [[name, command]];
    return command.commands.flatMap((child) => leaves(child, `${name} ${child.name()}`.trim()));
  }
  const program = new Command();
  for (const add of everyCommand) add(program, createShell(testContext().context));

  it.each(leaves(program, ''))('%s has a help that fits the terminal', async (name) => {
    for (const columns of [60, 80, 100, 120]) {
      const { stdout } = await herald([...name.split(' '), '--help'], { terminal: true, columns });
      const prose = stdout.split('\n').filter((line) => columns >= 80 || !/^ {2}( *|\$ )/.test(line));
      expect(prose.filter((line) => line.length > columns)).toEqual([]);
    }
  });

  it('marks the options that a command cannot do without', async () => {
    const { stdout } = await herald(['plays', 'record', '--help'], { columns: 100 });
    expect(stdout).toMatch(/--channel <name> .*\(required\)$/m);
    expect(stdout.match(/\(required\)/g)).toHaveLength(1);
  });

  it.each(leaves(program, ''))('%s has a help with an example of itself', async (name) => {
    const { exitCode, stdout } = await herald([...name.split(' '), '--help']);
    expect(exitCode).toBe(EXIT.done);
    expect(stdout).toMatch(/^Examples?:$/m);
    expect(stdout).toContain(`herald ${name}`);
    expect(stdout).toContain('--config <file>');
  });
});
