import { expect, it } from 'vitest';
import { resumeCommand } from '../../../src/cli/commands/dead-resume.ts';
import { testContext } from '../test-context.ts';

const HOUR = 3_600_000;
const AT = Date.parse('2026-01-31T12:00:00Z');

it('selects by the instants of the plan, however long the replay ran', () => {
  const { context } = testContext();
  const options = { since: { agoMs: 2 * HOUR }, until: { agoMs: HOUR }, limit: 10 };
  const invocation = { args: [], options, context: { ...context, clock: { now: () => AT + 5 * HOUR } } };
  const selection = { since: new Date(AT - 2 * HOUR), until: new Date(AT - HOUR) };
  expect(resumeCommand(invocation as never, { at: AT, selection }, 4)).toBe(
    'herald dead replay --since 2026-01-31T10:00:00.000Z --until 2026-01-31T11:00:00.000Z --limit 6 --yes',
  );
});

it('leaves out what died since the plan was made', () => {
  const invocation = { args: ['a b'], options: {}, context: testContext().context };
  const until = new Date(AT + HOUR);
  for (const selection of [{}, { until }])
    expect(resumeCommand(invocation as never, { at: AT, selection }, 1)).toBe(
      "herald dead replay 'a b' --until 2026-01-31T11:59:59.999Z --yes",
    );
});
