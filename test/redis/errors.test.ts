import { expect, it } from 'vitest';
import { noAnswer, redisErrorKind } from '../../src/redis/errors.ts';
import { createScript } from '../../src/redis/script.ts';

/** As in a bundle that was minified: the class of ioredis' refusals has another name there. */
class e extends Error {
  override get name(): string {
    return this.constructor.name;
  }
}

it.each([
  ["OOM command not allowed when used memory > 'maxmemory'.", 'oom'],
  ["READONLY You can't write against a read only replica.", 'readonly'],
  ['Socket timeout. Expecting data, but did not receive any.', 'timeout'],
  ['connect ETIMEDOUT', 'timeout'],
  [noAnswer(2_000).message, 'timeout'],
  ['connect ECONNREFUSED 127.0.0.1:6379', 'refused'],
  [
    'Reached the max retries per request limit (which is 5). Refer to "maxRetriesPerRequest" option for details.',
    'refused',
  ],
  ['could not renew lock for job m_1', 'timeout'],
  ['Missing lock for job m_1. moveToFinished', 'timeout'],
  ['WRONGPASS invalid username-password pair or user is disabled.', 'refused'],
  ['MISCONF Redis is configured to save RDB snapshots', 'other'],
  ['Connection is closed.', 'other'],
])('takes %j for %s', (message, kind) => {
  expect(redisErrorKind(new Error(message))).toBe(kind);
});

it('takes the code of an error without a text, as of several addresses, for its kind', () => {
  expect(redisErrorKind(Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }))).toBe('refused');
});

it('sends the text of a script that is not loaded, whatever the copy of ioredis calls its errors', async () => {
  const redis = {
    evalsha: () => Promise.reject(new e('NOSCRIPT No matching script. Please use EVAL.')),
    eval: (text: string) => Promise.resolve(text),
  };
  expect(await createScript('return 1').run(redis as never, [], [])).toBe('return 1');
});
