import { expect } from 'vitest';
import { eventually } from '../../testing/eventually.ts';
import { it } from '../support/environment.ts';

const PLAYERS = Array.from({ length: 20 }, (_, i) => 101 + 10 * i);
const WINDOW_MS = 10_000;

/** The platform's day is longer than the channel's window, and each first try of the second window is lost on its way. */
it('a refusal that an earlier delivery explains is no proof: nobody is told that a lost message arrived', {
  timeout: 60_000,
}, async ({ openEnvironment }) => {
  const env = await openEnvironment({
    channel: {
      quota: { per: `${WINDOW_MS}ms` },
      platformDay: '1h',
      timeout: '2s',
      breaker: { failures: 1000 },
    },
    sandbox: { kongregate: { dayMs: 3_600_000, boundary: 'rolling' } },
  });
  const worker = await env.worker();
  const early = (at: number): boolean => at < WINDOW_MS / 4;
  const inWindow = () => eventually('a window to begin', () => Date.now() % WINDOW_MS, early);
  await inWindow();
  for (const player of PLAYERS) await env.send(player, { content: 'Monday' });
  expect(await env.settled(PLAYERS.length)).toEqual({ 'delivered/sent': PLAYERS.length });
  await eventually(
    'the window to end',
    () => Date.now() % WINDOW_MS,
    (at) => !early(at),
  );
  await inWindow();
  env.sandbox.faults.add({ kind: 'reset', count: PLAYERS.length });
  for (const player of PLAYERS) await env.send(player, { content: 'Tuesday' });
  const tally = await env.agreed(2 * PLAYERS.length, [worker], { withinMs: 30_000 });
  expect(tally).toMatchObject({ 'delivered/sent': PLAYERS.length });
  expect(tally).not.toHaveProperty('delivered/presumed');
  const calls = env.sandbox.journal.calls('kongregate').filter(({ result }) => result === 'accepted');
  expect(new Set(calls.map(({ content }) => content))).toEqual(new Set(['Monday']));
});
