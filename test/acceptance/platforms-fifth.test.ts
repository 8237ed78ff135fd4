import { expect } from 'vitest';
import { tallyOf } from '../../testing/metrics-parser.ts';
import { recordingServer } from '../platforms/answers.ts';
import { webhook } from '../platforms/webhook.ts';
import { it } from './platforms-environment.ts';

it('delivers by a platform that is one file and one line in a registry', async ({ openPlatforms }) => {
  const { url, requests } = await recordingServer(undefined, 204);
  const env = await openPlatforms({
    platforms: { webhook },
    channels: () => ({ webhook: { platform: 'webhook', baseUrl: url, token: 'hook-token' } }),
  });
  const content = 'Hello **{{ name }}**';
  const message = { platform: 'webhook', to: { hook: 'news-1' }, content, data: { name: 'Ann' } };
  expect(await env.send({ ...message, id: 'a' })).toEqual({ status: 'queued', id: 'a' });
  expect(tallyOf(await env.settled('webhook', 1))).toEqual({ 'delivered/sent': 1 });
  expect(await env.send({ ...message, id: 'a' })).toEqual({ status: 'duplicate', id: 'a' });
  expect(requests).toMatchObject([
    {
      method: 'POST',
      url: '/hooks/news-1',
      headers: { authorization: 'Bearer hook-token' },
      body: '{"text":"Hello **Ann**"}',
    },
  ]);
  await expect(env.send({ ...message, to: { hook: 'No Hook' } })).rejects.toThrow('to.hook');
  await expect(env.send({ ...message, data: {} })).rejects.toThrow('data.name');
});

it('retries and buries what that platform does not take, as for all others', async ({ openPlatforms }) => {
  const { url, requests } = await recordingServer({ error: 'no' }, 400);
  const env = await openPlatforms({
    platforms: { webhook },
    channels: () => ({ webhook: { platform: 'webhook', baseUrl: url, token: 'hook-token' } }),
  });
  await env.send({ platform: 'webhook', to: { hook: 'news-1' }, content: 'Hello' });
  expect(tallyOf(await env.settled('webhook', 1))).toEqual({ 'dead/bad_request': 1 });
  expect(requests).toHaveLength(1);
});
