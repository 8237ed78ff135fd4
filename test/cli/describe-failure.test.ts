import { expect, it } from 'vitest';
import { EXIT } from '../../src/cli/context.ts';
import { describeFailure } from '../../src/cli/describe-failure.ts';
import { redisUnreachable, wrongUsage } from '../../src/cli/failure.ts';

it('tells an expected failure by its sentence alone', () => {
  expect(describeFailure(wrongUsage('no such file'))).toEqual({ exitCode: EXIT.usage, text: 'no such file' });
  expect(describeFailure(redisUnreachable('no answer')).exitCode).toBe(EXIT.unreachable);
});

it('shows the stack of a bug', () => {
  const { exitCode, text, stack } = describeFailure(new TypeError('x is undefined'));
  expect([exitCode, text]).toEqual([EXIT.partly, 'unexpected error, please report it: x is undefined']);
  expect(stack).toContain('describe-failure.test.ts');
});
