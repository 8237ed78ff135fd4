import { expect, it } from 'vitest';
import { produceLoad, randomMessage, TROUBLES } from '../../demo/load.ts';
import { type MessageInput, UnknownChannelError } from '../../src/index.ts';
import { messageSchemasOf } from '../../src/message/schema.ts';
import { platforms } from '../../src/platforms/registry.ts';
import { faultSchema } from '../../src/sandbox/faults.ts';
import { seededRandom } from '../../src/sandbox/seeded-random.ts';

it('writes to people of every platform, most of all to players', () => {
  const random = seededRandom(1);
  const { parseInput } = messageSchemasOf(platforms);
  const counts: Record<string, number> = {};
  for (let i = 0; i < 1000; i++) {
    const message = randomMessage(random);
    expect(parseInput(message).kind).toBe('message');
    counts[message.platform] = (counts[message.platform] ?? 0) + 1;
  }
  expect(Object.keys(counts).sort()).toEqual(['discourse', 'kongregate', 'usercom', 'zulip']);
  expect(counts['kongregate']).toBeGreaterThan(500);
});

it('knows troubles that a sandbox takes', () => {
  for (const trouble of TROUBLES) expect(faultSchema.safeParse(trouble).success).toBe(true);
});

it('goes on until the signal, also while there is no worker', async () => {
  const ending = new AbortController();
  const [notes, sent]: [string[], MessageInput[]] = [[], []];
  await produceLoad({
    producer: {
      async sendMany(messages) {
        if (notes.length === 0) throw new UnknownChannelError('kongregate');
        sent.push(...(messages as MessageInput[]));
        ending.abort();
        return { queued: sent.length, duplicate: 0, invalid: [], invalidTotal: 0 };
      },
    },
    perSecond: 40,
    random: seededRandom(1),
    trouble: async () => {},
    note: (line) => void notes.push(line),
    signal: ending.signal,
  });
  expect(notes).toEqual(['waiting for a worker']);
  expect(sent).toHaveLength(10);
});
