import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { EXIT } from '../../src/cli/context.ts';
import { eventually } from '../../testing/eventually.ts';
import { isAlive, startDemo } from './demo-process.ts';

const DELIVERING = /enqueued \d+, delivered [1-9]\d*/;

/** The processes that a demo brought up: Redis, workers and the shells that guard them. */
async function offspring(pid: number): Promise<number[]> {
  // Small images come without pgrep, macOS without /proc.
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(
    async () => (await promisify(execFile)('pgrep', ['-P', String(pid)])).stdout,
  );
  return children.trim().split(/\s+/).map(Number);
}

it('delivers with two workers, and at an interrupt leaves neither process nor file', async () => {
  const demo = await startDemo();
  await eventually('deliveries', () => DELIVERING.test(demo.stdout()), Boolean);
  // Redis, its guardian and two workers; one worker may deliver before the other one is there.
  const pids = await eventually(
    'all its processes',
    () => offspring(demo.pid),
    ({ length }) => length >= 4,
  );
  demo.signal('SIGINT');
  expect(await demo.ended()).toBe(EXIT.partly);
  expect(demo.stderr()).toBe('herald: interrupted; nothing is left running\n');
  expect(await demo.files()).toEqual([]);
  await eventually(
    'the end of its processes',
    () => pids.filter(isAlive).length,
    (alive) => alive === 0,
  );
});

it('leaves neither process nor file when it is killed', async () => {
  const demo = await startDemo('--json');
  await eventually('deliveries', () => DELIVERING.test(demo.stderr()), Boolean);
  expect(demo.stdout()).toBe('');
  const pids = await offspring(demo.pid);
  demo.signal('SIGKILL');
  await eventually(
    'the end of its processes',
    () => pids.filter(isAlive).length,
    (alive) => alive === 0,
  );
  expect(await demo.files()).toEqual([]);
});
