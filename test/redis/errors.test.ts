import { expect, it } from 'vitest';
import { createScript } from '../../src/redis/script.ts';

/** As in a bundle that was minified: the class of ioredis' refusals has another name there. */
class e extends Error {
  override get name(): string {
    return this.constructor.name;
  }
}

it('sends the text of a script that is not loaded, whatever the copy of ioredis calls its errors', async () => {
  const redis = {
    evalsha: () => Promise.reject(new e('NOSCRIPT No matching script. Please use EVAL.')),
    eval: (text: string) => Promise.resolve(text),
  };
  expect(await createScript('return 1').run(redis as never, [], [])).toBe('return 1');
});
