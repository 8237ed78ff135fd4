import { expect, it } from 'vitest';
import { EXIT } from '../../src/cli/context.ts';
import { describeFailure } from '../../src/cli/describe-failure.ts';
import { redisUnreachable, wrongUsage } from '../../src/cli/failure.ts';
import { ConfigError } from '../../src/config/error.ts';

it('tells an expected failure by its sentence alone', () => {
  expect(describeFailure(wrongUsage('no such file'))).toEqual({
    exitCode: EXIT.usage,
    lines: ['no such file'],
  });
  expect(describeFailure(redisUnreachable('no answer')).exitCode).toBe(EXIT.unreachable);
});

it('shows the stack of a bug', () => {
  const { exitCode, lines, stack } = describeFailure(new TypeError('x is undefined'));
  expect([exitCode, lines]).toEqual([EXIT.partly, ['unexpected error, please report it: x is undefined']]);
  expect(stack).toContain('describe-failure.test.ts');
});

it('tells every problem of a configuration on a line of its own', () => {
  const problems = [
    { path: 'redis', message: 'is missing' },
    { path: 'http.port', message: 'expected a whole number' },
  ];
  expect(describeFailure(new ConfigError(problems, 'herald.yaml'))).toEqual({
    exitCode: EXIT.usage,
    lines: ['herald.yaml: redis: is missing', 'herald.yaml: http.port: expected a whole number'],
  });
});
