import { createRequire } from 'node:module';
import Discourse from 'discourse2';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { discourse } from '../../src/platforms/discourse/discourse.ts';
import type { PlatformDefinition } from '../../src/platforms/port.ts';
import { zulip } from '../../src/platforms/zulip/zulip.ts';
import { type RecordedRequest, recordingServer } from './answers.ts';

/** What the platforms' own clients send, and that ours sends the same. */

interface ZulipClient {
  messages: {
    send(params: Record<string, unknown>): Promise<unknown>;
    retrieve(params: Record<string, unknown>): Promise<unknown>;
  };
}
const zulipJs = createRequire(import.meta.url)('zulip-js') as (
  config: Record<string, string>,
) => Promise<ZulipClient>;

const KEY = '0123456789abcdef0123456789abcdef';
const BODY = 'Hello, **wörld** & 🎮';

/** Sends one message by ours. */
async function ours(definition: PlatformDefinition, url: string, channel: object, message: object) {
  const settings = z.object(definition.channelShape).parse({ baseUrl: url, apiKey: 'the-key', ...channel });
  const client = definition.connect({ ...settings, baseUrl: url, timeoutMs: 2_000, concurrency: 1 }, {});
  const signal = new AbortController().signal;
  const request = { message, content: BODY, attempt: 1, id: 'm', idempotencyKey: () => KEY, signal };
  return {
    send: () => client.send(request),
    confirm: () => client.confirm!({ ...request, attemptedAt: 0 }),
    client,
  };
}

/** Multipart or urlencoded: the facts leave the encoding open. */
async function formOf({ headers, body }: RecordedRequest): Promise<Record<string, unknown>> {
  const contentType = String(headers['content-type']);
  return Object.fromEntries(
    await new Response(body, { headers: { 'content-type': contentType } }).formData(),
  );
}

describe('a direct message of zulip-js', () => {
  const bot = { email: 'bot@example.com' };

  it.each([
    ['ids', { userIds: [9, 10] }, [9, 10]],
    ['addresses', { emails: ['ann@example.com'] }, ['ann@example.com']],
  ])('is the same as ours, to %s', async (_, to, recipients) => {
    const { url, requests } = await recordingServer({ result: 'success', msg: '', id: 42 });
    const theirs = await zulipJs({ realm: url, username: bot.email, apiKey: 'the-key' });
    expect(await theirs.messages.send({ type: 'direct', to: recipients, content: BODY })).toMatchObject({
      id: 42,
    });
    const { send, client } = await ours(zulip, url, bot, { content: '', to });
    expect(await send()).toMatchObject({ kind: 'delivered', platformMessageId: '42' });
    await client.close();

    const [real, own] = requests as [RecordedRequest, RecordedRequest];
    expect([own.method, own.url]).toEqual([real.method, real.url]);
    expect(own.headers['authorization']).toBe(real.headers['authorization']);
    expect(await formOf(own)).toEqual(await formOf(real));
  });

  it('is looked for in the same way', async () => {
    const { url, requests } = await recordingServer({
      result: 'success',
      msg: '',
      messages: [],
      found_oldest: true,
    });
    const theirs = await zulipJs({ realm: url, username: bot.email, apiKey: 'the-key' });
    await theirs.messages.retrieve({
      anchor: 'newest',
      num_before: 100,
      num_after: 0,
      apply_markdown: false,
      narrow: [
        { operator: 'dm', operand: [9] },
        { operator: 'sender', operand: 'bot@example.com' },
      ],
    });
    const { confirm, client } = await ours(zulip, url, bot, { content: '', to: { userIds: [9] } });
    expect(await confirm()).toEqual({ kind: 'not_found' });
    await client.close();
    const [real, own] = requests.map((request) => new URL(request.url, url)) as [URL, URL];
    expect(own.pathname).toBe(real.pathname);
    expect(Object.fromEntries(own.searchParams)).toEqual(Object.fromEntries(real.searchParams));
  });
});

describe('a personal message of discourse2', () => {
  it('is the same as ours', async () => {
    const { url, requests } = await recordingServer({ id: 1, topic_id: 2 });
    const theirs = new Discourse(url, { 'Api-Key': 'the-key', 'Api-Username': 'herald' });
    const fields = {
      title: 'Welcome',
      raw: BODY,
      archetype: 'private_message',
      target_recipients: 'ann,staff',
      external_id: KEY,
    };
    await theirs.createTopicPostPM(fields);
    const to = { usernames: ['ann'], groups: ['staff'] };
    const { send, client } = await ours(
      discourse,
      url,
      { apiUsername: 'herald' },
      { content: '', title: 'Welcome', to },
    );
    expect(await send()).toMatchObject({ kind: 'delivered', platformMessageId: '1' });
    await client.close();

    const [real, own] = requests as [RecordedRequest, RecordedRequest];
    expect([own.method, own.url]).toEqual([real.method, real.url]);
    for (const header of ['api-key', 'api-username', 'content-type']) {
      expect(own.headers[header]).toBe(real.headers[header]);
    }
    expect(JSON.parse(own.body)).toEqual(JSON.parse(real.body));
  });
});
