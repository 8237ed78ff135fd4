import { expect, it } from 'vitest';
import { createProducer, createWorker, type WorkerConfig } from '../../src/app.ts';
import { webhook } from './webhook.ts';

const redis = 'redis://127.0.0.1:1';
const chat = { platform: 'webhook' as const, baseUrl: 'http://127.0.0.1', token: 'hook-token' };

it('takes a platform of the application, with the types of its messages and channels', async () => {
  const worker = createWorker({ redis, channels: { chat } }, { platforms: { webhook } });
  expect(await worker.close()).toEqual({ drained: true, abandoned: 0 });
  // @ts-expect-error: no setting of the platform's
  const misspelt: WorkerConfig<{ webhook: typeof webhook }> = { channels: { chat: { ...chat, tokn: 'x' } } };
  const wrong = () => createWorker(misspelt, { platforms: { webhook } });
  expect(wrong).toThrow(/tokn/);
  const producer = createProducer({ redis, platforms: { webhook }, channels: ['webhook'] });
  const message = { platform: 'webhook', content: 'Hello' } as const;
  // @ts-expect-error: a hook is text
  await expect(producer.send({ ...message, to: { hook: 5 } })).rejects.toThrow(/to\.hook/);
  // @ts-expect-error: no such platform
  await expect(createProducer({ redis }).send({ ...message, to: { hook: 'a' } })).rejects.toThrow(/platform/);
  await producer.close();
});

it.each([
  [{ zulip: webhook }, /^platforms: "zulip" is a platform of Herald's$/],
  [{ hook: webhook }, /^platforms: "hook" holds the platform "webhook"$/],
  [{ 'a b': { ...webhook, name: 'a b' } }, /^platforms: "a b": expected/],
])('refuses %j', (platforms, why) => {
  const made = () => createProducer({ redis, platforms });
  expect(made).toThrow(TypeError);
  expect(made).toThrow(why);
});
