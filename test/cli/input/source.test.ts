import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CommandFailure } from '../../../src/cli/failure.ts';
import { openSource, type Source } from '../../../src/cli/input/source.ts';
import { testContext } from '../test-context.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'herald-source-'));
  await writeFile(join(dir, 'a.ndjson'), 'one\ntwo\n');
});
afterAll(() => rm(dir, { recursive: true }));

async function text({ chunks }: Source): Promise<string> {
  const parts = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts).toString();
}

it('reads a file and tells how far it is', async () => {
  const path = join(dir, 'a.ndjson');
  const source = await openSource(path, testContext().context);
  expect([source.name, source.totalBytes, source.bytesRead()]).toEqual([path, 8, 0]);
  expect(await text(source)).toBe('one\ntwo\n');
  expect(source.bytesRead()).toBe(8);
});

it.each([undefined, '-'])('reads standard input for %s', async (path) => {
  const source = await openSource(path, testContext({ stdin: 'piped' }).context);
  expect([source.name, source.totalBytes]).toEqual(['standard input', undefined]);
  expect(await text(source)).toBe('piped');
});

it('says what is wrong with a path', async () => {
  const { context } = testContext();
  const missing = openSource(join(dir, 'b'), context);
  await expect(missing).rejects.toThrow(/^cannot read .*b: no such file$/);
  await expect(missing).rejects.toBeInstanceOf(CommandFailure);
  await expect(openSource(dir, context)).rejects.toThrow(/it is a directory$/);
});

it('wakes a read that waits for input when the command is interrupted', async () => {
  const stdin = new PassThrough();
  const { context, interrupt } = testContext({ stdin });
  const { chunks } = await openSource(undefined, context);
  const reader = chunks[Symbol.asyncIterator]();
  stdin.write('first');
  expect((await reader.next()).value?.toString()).toBe('first');
  const waiting = reader.next();
  interrupt();
  expect(await waiting).toEqual({ done: true, value: undefined });
});

it('reads nothing where the command was interrupted before', async () => {
  const stdin = new PassThrough();
  const { context, interrupt } = testContext({ stdin });
  const { chunks } = await openSource(undefined, context);
  interrupt();
  expect(await chunks[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined });
});

it('ends quietly when it is closed, also a read that waits for input', async () => {
  const stdin = new PassThrough();
  const { chunks, close } = await openSource(undefined, testContext({ stdin }).context);
  const waiting = chunks[Symbol.asyncIterator]().next();
  close();
  expect(await waiting).toEqual({ done: true, value: undefined });
  expect(stdin.destroyed).toBe(true);
});

it('hands on a failure of the stream itself', async () => {
  const stdin = new PassThrough();
  const { chunks } = await openSource(undefined, testContext({ stdin }).context);
  const reader = chunks[Symbol.asyncIterator]();
  const waiting = reader.next();
  stdin.destroy(new Error('disk on fire'));
  await expect(waiting).rejects.toThrow('disk on fire');
});
