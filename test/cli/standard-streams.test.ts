import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { EXIT } from '../../src/cli/context.ts';

const MAIN = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));

/** What a shell does for `herald … < file` and `> file`: `null` is a pipe. */
function run(argv: readonly string[], stdin: string | null, stdout: string | null) {
  const open = (path: string | null, flags: string): number | 'pipe' => {
    if (path === null) return 'pipe';
    const fd = openSync(path, flags);
    onTestFinished(() => closeSync(fd));
    return fd;
  };
  const { status, stderr } = spawnSync(process.execPath, [MAIN, ...argv], {
    stdio: [open(stdin, 'r'), open(stdout, 'w'), 'pipe'],
    env: { PATH: process.env['PATH'] },
    encoding: 'utf8',
  });
  return { status, stderr };
}

it('takes a directory on standard input for wrong usage', () => {
  expect(run(['send'], tmpdir(), null)).toEqual({
    status: EXIT.usage,
    stderr: 'herald: cannot read standard input: it is a directory\n',
  });
});

it.runIf(existsSync('/dev/full'))('says in a sentence that its output could not be written', () => {
  expect(run(['--help'], null, '/dev/full')).toEqual({
    status: EXIT.partly,
    stderr: expect.stringMatching(/^herald: cannot write to standard output: ENOSPC.*\n$/),
  });
});
