import { expect } from 'vitest';
import { createProducer, type MessageInput } from '../../src/app.ts';
import { eventually } from '../../testing/eventually.ts';
import { unhurried } from '../../testing/slowness.ts';
import { HOSTILE_MARKDOWN } from '../content/hostile-markdown.ts';
import { taken } from '../content/rendering.ts';
import { CHANNEL, type Environment, it } from '../support/environment.ts';

const GOOD = 300;
const COSTLY = 60;
const MOST_DELAY_MS = 10_000;

/** What was once found to cost a second each, and the worst that is taken today. */
const CONTENTS = [
  'a\n=\n'.repeat(1_990),
  '> - a\n'.repeat(1_300),
  ...['paragraphs', 'headlines underlined by =', 'references to one definition', 'headlines in a quote'].map(
    (name) => taken(HOSTILE_MARKDOWN.get(name)!),
  ),
];

const message = (userId: number, content: string): MessageInput => ({
  platform: 'kongregate',
  to: { userId },
  content,
});

const costly = (number: number): MessageInput =>
  message(10_000 + number, `${number}\n\n${CONTENTS[number % CONTENTS.length]}`);

/** How long until all the good ones are through. */
async function throughAfter(env: Environment, from: number): Promise<number> {
  const startedAt = performance.now();
  await eventually(
    'the good messages to be through',
    async () => (await env.receipts()).filter(({ id }) => id.startsWith(`good-${from}-`)).length,
    (count) => count === GOOD,
    { withinMs: 60_000, everyMs: 100 },
  );
  return performance.now() - startedAt;
}

async function enqueueGood(env: Environment, from: number): Promise<void> {
  const goods = Array.from({ length: GOOD }, (_, n) => ({
    ...message(from + n, 'Hello'),
    id: `good-${from}-${n}`,
  }));
  expect((await env.producer.sendMany(goods)).queued).toBe(GOOD);
}

it('sixty of the costliest contents hardly delay three hundred others, and all come to an end', async ({
  openEnvironment,
}) => {
  const env = await openEnvironment();
  const worker = await env.worker({ channel: { concurrency: 20 } });
  await enqueueGood(env, 1);
  const aloneMs = await throughAfter(env, 1);
  // As a foreign producer would, which renders nothing.
  for (let n = 0; n < COSTLY; n += 1) await env.addForeign({ v: 1, ...costly(n) });
  await enqueueGood(env, 1_001);
  const besideMs = await throughAfter(env, 1_001);
  expect(besideMs - aloneMs).toBeLessThan(unhurried(MOST_DELAY_MS));
  await env.settled(2 * GOOD + COSTLY, { withinMs: 60_000 });
  // A busy machine may hold the process up between a question and its answer, once or twice.
  const late = worker.log().matchAll(/"late_grants":(\d+)/g);
  expect([...late].reduce((sum, [, count]) => sum + Number(count), 0)).toBeLessThan(COSTLY / 10);
});

it('a producer with a short time for Redis takes and refuses them all', async ({ openEnvironment }) => {
  const env = await openEnvironment();
  const producer = createProducer({
    redis: env.server.url,
    channels: [CHANNEL],
    timeoutMs: unhurried(500),
  });
  try {
    const mixed = Array.from({ length: COSTLY }, (_, n) => [costly(n), message(n + 1, 'Hello')]).flat();
    const result = await producer.sendMany(mixed);
    expect(result.queued + result.invalidTotal).toBe(2 * COSTLY);
    expect(result.queued).toBeGreaterThanOrEqual(COSTLY);
    const each = await Promise.allSettled(mixed.map((one) => producer.send(one)));
    for (const one of each)
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ name: 'InvalidMessageError' });
  } finally {
    await producer.close();
  }
});
