import { expect, it } from 'vitest';
import { createLogger } from '../../src/observe/log.ts';
import { createLateGrantLog } from '../../src/workers/late-grant-log.ts';

it('tells at once, and then at most once a minute of how many there were', () => {
  const lines: string[] = [];
  let now = 5_000;
  const logger = createLogger({ destination: { write: (line) => void lines.push(line) } });
  const late = createLateGrantLog(logger, { monotonic: () => now });
  late();
  for (let i = 0; i < 3; i++) late();
  now += 60_000;
  late();
  expect(lines.map((line) => JSON.parse(line).late_grants)).toEqual([1, 4]);
});
