import { expect, it } from 'vitest';
import { createLogger } from '../../src/observe/log.ts';
import { createLateGrantLog } from '../../src/workers/late-grant-log.ts';

const REDIS = 'redis is slow: grants arrive too late to be used and are released';
const PROCESS = 'event loop is busy: grants arrive too late to be used and are released';

it('tells each cause at once, and then at most once a minute with how many there were', () => {
  const lines: string[] = [];
  let now = 5_000;
  let busy = 0;
  const logger = createLogger({ destination: { write: (line) => void lines.push(line) } });
  const log = createLateGrantLog(logger, { monotonic: () => now }, () => () => busy);
  const late = () => log.watch()();
  late();
  for (let i = 0; i < 3; i++) late();
  busy = 0.9;
  late();
  late();
  busy = 0.1;
  now += 60_000;
  late();
  expect(lines.map((line) => JSON.parse(line)).map(({ msg, late_grants }) => [msg, late_grants])).toEqual([
    [REDIS, 1],
    [PROCESS, 1],
    [REDIS, 4],
  ]);
});

it('tells a process that worked all the time from one that waited', async () => {
  const lines: string[] = [];
  const logger = createLogger({ destination: { write: (line) => void lines.push(line) } });
  const log = createLateGrantLog(logger, { monotonic: () => performance.now() });
  const worked = log.watch();
  const until = performance.now() + 50;
  while (performance.now() < until);
  worked();
  const waited = log.watch();
  await new Promise((resolve) => setTimeout(resolve, 200));
  waited();
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual([PROCESS, REDIS]);
});
