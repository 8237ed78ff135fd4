import { expect } from 'vitest';
import { tallyOf } from '../../testing/metrics-parser.ts';
import { it } from './platforms-environment.ts';

const MESSAGES = 300;

/** The message of each number, and what becomes of those whose answer is lost. */
const CASES = {
  zulip: (n: number) => ({ to: { userIds: [(n % 97) * 10 + 1] } }),
  discourse: (n: number) => ({ to: { usernames: [`player${n}x`] }, title: `News ${n}` }),
  kongregate: (n: number) => ({ to: { userId: n * 10 + 1 } }),
  usercom: (n: number) => ({ to: { userId: n * 10 + 1 } }),
};

it.for([
  ['zulip', 'delivered/confirmed'],
  ['discourse', 'delivered/confirmed'],
  ['kongregate', 'delivered/presumed'],
  ['usercom', 'dead/unconfirmed'],
] as const)(
  '300 messages of %s arrive once each, one in ten with its answer lost: %s',
  async ([platform, doubtful], { openPlatforms }) => {
    const env = await openPlatforms({ channels: { [platform]: { patience: '120s' } } });
    env.sandbox.faults.add({ kind: 'reset', accepted: true, probability: 0.1 });
    const messages = Array.from({ length: MESSAGES }, (_, n) => ({
      platform,
      content: `Message number ${n}`,
      ...CASES[platform](n),
    }));
    expect(await env.sendMany(messages)).toMatchObject({ queued: MESSAGES });
    const tally = tallyOf(await env.settled(platform, MESSAGES, 90_000));

    const lost = tally[doubtful] ?? 0;
    expect(tally).toEqual({ 'delivered/sent': MESSAGES - lost, [doubtful]: lost });
    expect(lost).toBeGreaterThan(10);
    const accepted = env.sandbox.journal.calls().filter(({ result }) => result === 'accepted');
    const contents = accepted.map(({ content }) => content);
    expect(contents).toHaveLength(MESSAGES);
    expect(new Set(contents).size).toBe(MESSAGES);
  },
);
