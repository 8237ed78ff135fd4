import { inspect } from 'node:util';
import { describe, expect } from 'vitest';
import { eventually } from '../../testing/eventually.ts';
import { it } from '../support/environment.ts';
import { redisContents } from '../support/redis-contents.ts';

const KEY = 'key-5e0c37d1a9';
const CONTENT = 'content-b81f22';
const VALUE = 'value-93ad40';

const echo = (recipient: string, text: string) => ({
  kind: 'answer' as const,
  body: JSON.stringify({ success: false, errors: [text] }),
  recipients: [recipient],
});

describe.concurrent('a key and a content', () => {
  it('are nowhere but in the request, and the content in the job', async ({ openEnvironment }) => {
    const env = await openEnvironment({
      // The platform fails in every way at once here: an open breaker would only make it last.
      channel: { apiKey: KEY, timeout: '1500ms', breaker: { failures: 1000 } },
      sandbox: {
        kongregate: { apiKeys: [KEY] },
        faults: [
          echo('12', `The message ${CONTENT} ${VALUE} of ${KEY} is bad`),
          { ...echo('13', ''), status: 404, body: `<html>${KEY} ${CONTENT} ${VALUE}</html>` },
          { kind: 'reset', recipients: ['14'] },
          { kind: 'hang', recipients: ['15'] },
          { kind: 'server_error', recipients: ['16'] },
        ],
      },
    });
    const worker = env.spawn();
    await worker.ready();
    const content = `${CONTENT} {{ name }}`;
    const data = { name: VALUE };
    for (const userId of [11, 12, 13, 14, 15, 16, 17, 20]) {
      await env.send(userId, { content, data });
      await env.send(userId, { content, data });
    }
    const foreign = { v: 1, platform: 'kongregate', to: { userId: 11 } };
    await env.addForeign(CONTENT);
    await env.addForeign({ ...foreign, content: { [CONTENT]: VALUE } });
    await env.addForeign({ ...foreign, content: `${CONTENT} {% if %}`, data: { a: [VALUE] } });
    await env.addForeign({ ...foreign, content: `${CONTENT} {{ missing }}`, data: { name: VALUE } });
    await env.addForeign({ ...foreign, content: CONTENT.repeat(100_000) });
    await env.addForeign({ ...foreign, content, meta: [VALUE] });
    const sent = 2 * 8 + 6;
    await env.settled(sent, { withinMs: 30_000 });
    expect(env.sandbox.journal.calls().some((call) => call.content.includes(CONTENT))).toBe(true);
    expect(env.sandbox.journal.report().accepted).toBeGreaterThan(0);

    const letters = await env.letters();
    expect(letters.length).toBeGreaterThan(6);
    const refusals = await Promise.all(
      [
        { content: `${CONTENT} {{ nobody }}`, data },
        { content: `${CONTENT} {%`, data },
        { content: CONTENT.repeat(100_000) },
        { content: { text: CONTENT } as unknown as string },
        { content, data: { name: { deep: [VALUE] } } as never },
      ].map((fields) => env.send(11, fields).catch((error: unknown) => error)),
    );
    for (const refusal of refusals) expect(refusal).toBeInstanceOf(Error);
    const told: Record<string, string> = {
      log: worker.log(),
      metrics: await worker.metrics(),
      readyz: inspect(await worker.get('/readyz')),
      livez: inspect(await worker.get('/livez')),
      receipts: inspect(await env.receipts(), { depth: 9, maxArrayLength: null }),
      failures: inspect(letters, { depth: 9, maxArrayLength: null }),
      refusals: inspect(refusals, { depth: 9, maxStringLength: null }),
    };
    expect(told['log']).toContain('"msg":"attempt"');
    for (const [where, text] of Object.entries(told)) {
      for (const secret of [KEY, CONTENT, VALUE])
        expect(text.includes(secret), `${secret} in ${where}`).toBe(false);
    }

    const contents = await redisContents(env.redis);
    for (const [where, text] of contents) {
      expect(`${where}${text}`.includes(KEY), `the key in ${where}`).toBe(false);
      if (/ data$|:letters:data /.test(where)) continue;
      for (const secret of [CONTENT, VALUE])
        expect(text.includes(secret), `${secret} in ${where}`).toBe(false);
    }
    expect([...contents.values()].some((text) => text.includes(CONTENT))).toBe(true);
  });

  it('are not told when the key is refused or Redis fails', async ({ openEnvironment }) => {
    const env = await openEnvironment({
      channel: { apiKey: KEY },
      sandbox: {
        faults: [
          {
            kind: 'answer',
            body: JSON.stringify({
              success: false,
              error: 403,
              error_description: `Invalid credentials: ${KEY} ${CONTENT}`,
            }),
          },
        ],
      },
    });
    const worker = env.spawn();
    await worker.ready();
    await env.send(11, { content: CONTENT });
    await eventually(
      'the stop',
      () => worker.log(),
      (log) => log.includes('channel_stopped'),
    );
    await env.server.kill();
    await eventually(
      'the outage in the log',
      () => worker.log(),
      (log) => log.includes('"redis is unreachable"'),
    );
    await worker.terminate(7_000);
    for (const secret of [KEY, CONTENT]) expect(worker.log().includes(secret)).toBe(false);
  });
});
