import { Hono } from 'hono';
import { expect, it, vi } from 'vitest';
import { createWatching } from '../../src/board/live.ts';

it('a stream whose screen cannot be drawn any more ends, and tells why to the log alone', async () => {
  const print = vi.spyOn(console, 'error').mockImplementation(() => {});
  const errors: unknown[] = [];
  const watching = createWatching(new AbortController().signal, (error) => void errors.push(error));
  const away = new Error('Redis is away');
  const draw = vi.fn().mockResolvedValueOnce({ main: 'drawn', refreshMs: 1 }).mockRejectedValue(away);
  const app = new Hono().get('/', (c) => watching.stream(c, draw));
  const text = await (await app.request('/')).text();
  expect(text).toContain('data: drawn');
  expect(text).not.toContain('away');
  expect(errors).toEqual([away]);
  expect(print).not.toHaveBeenCalled();
  print.mockRestore();
});
