import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../testing/eventually.ts';
import { apiFixture } from './api-fixture.ts';

const api = apiFixture();
const message = (fields: Record<string, unknown> = {}) => ({
  ...{ platform: 'kongregate', to: { userId: 32 }, content: 'Hello' },
  ...fields,
});
const lines = (...values: unknown[]): string =>
  values.map((value) => `${typeof value === 'string' ? value : JSON.stringify(value)}\n`).join('');
const ndjson = { 'content-type': 'application/x-ndjson' };

async function stream(body: string, headers: Record<string, string> = {}, more = {}) {
  const { status, body: text } = await api.ask('/v1/messages', {
    body,
    headers: { ...ndjson, ...headers },
    ...more,
  });
  expect(status).toBe(200);
  const answered = String(text)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  return { told: answered.slice(0, -1), summary: answered.at(-1).summary };
}

/** A stream that the test writes to, and whose answer it reads as it comes. */
async function open(url = api.url, headers: Record<string, string> = {}) {
  const sent: ClientRequest = request(`${url}/v1/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${api.token}`, ...ndjson, ...headers },
  });
  sent.on('error', () => {});
  sent.flushHeaders();
  let text = '';
  const response = once(sent, 'response').then(([answer]: IncomingMessage[]) => {
    answer!.on('error', () => {});
    answer!.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
    });
    return answer!;
  });
  return {
    sent,
    response,
    told: () =>
      text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
  };
}

describe('a stream of messages', () => {
  it('answers each line once it is taken, in order, and sums up', async () => {
    const body = lines(
      message({ id: 'a' }),
      '{',
      '',
      message({ id: 'b', to: {} }),
      message({ id: 'a' }),
      message({ channel: 'x' }),
      '"text"',
    );
    const { told, summary } = await stream(body);
    expect(told).toMatchObject([
      { line: 1, status: 'queued', id: 'a' },
      { line: 2, status: 'refused', problem: { status: 400, code: 'bad_request' } },
      { line: 4, status: 'refused', problem: { status: 422, code: 'invalid', errors: [{ pointer: '/to' }] } },
      { line: 5, status: 'duplicate', id: 'a' },
      { line: 6, status: 'refused', problem: { status: 422, code: 'unknown_channel' } },
      { line: 7, status: 'refused', problem: { code: 'invalid' } },
    ]);
    expect(summary).toEqual({ lines: 6, counts: { queued: 1, duplicate: 1, refused: 4 }, complete: true });
  });

  it('answers the refused lines alone where that is asked for', async () => {
    const { told, summary } = await stream(lines(message(), '{'), { prefer: 'return=minimal' });
    expect(told).toMatchObject([{ line: 2, status: 'refused' }]);
    expect(summary.counts).toEqual({ queued: 1, refused: 1 });
  });

  it('answers a line while the next one has not been written', async () => {
    const { sent, response, told } = await open();
    for (const count of [1, 2, 3]) {
      sent.write(lines(message()));
      await response;
      await eventually('its answer', told, (answers) => answers.length === count);
    }
    sent.end();
    await eventually('the summary', told, (answers) => answers.at(-1)?.summary?.complete === true);
  });

  it('takes any number of lines, and each once when all are sent again after the connection broke', async () => {
    const count = 3_000;
    const body = lines(...Array.from({ length: count }, (_, i) => message({ to: { userId: i + 1 } })));
    const headers = { 'idempotency-key': 'night' };
    const first = await open(api.url, headers);
    first.sent.write(body.slice(0, body.length / 2));
    await first.response;
    await eventually('some answers', first.told, (answers) => answers.length > 500);
    first.sent.destroy();
    const { told, summary } = await stream(body, headers);
    expect(summary).toMatchObject({ lines: count, complete: true });
    expect(summary.counts.duplicate).toBeGreaterThan(500);
    expect(summary.counts.queued + summary.counts.duplicate).toBe(count);
    expect(new Set(told.map(({ id }) => id)).size).toBe(count);
    const again = await stream(body, headers);
    expect(again.summary.counts).toEqual({ duplicate: count });
  });

  it('of which there are many at a time is no leak to Node', async () => {
    const warnings: string[] = [];
    const note = ({ name }: Error): void => void warnings.push(name);
    process.on('warning', note);
    const streams = await Promise.all(Array.from({ length: 12 }, () => open()));
    for (const { sent } of streams) sent.write(lines(message()));
    for (const { told } of streams) await eventually('its answer', told, (answers) => answers.length === 1);
    for (const { sent } of streams) sent.end();
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });

  it('refuses messages of other channels line by line', async () => {
    const token = await api.issue({ channels: ['other'] });
    const { told } = await stream(lines(message(), message({ channel: 'other' })), {}, { token });
    expect(told).toMatchObject([{ status: 'refused', problem: { status: 403 } }, { status: 'queued' }]);
  });

  it('stops where Redis does not answer, and tells from which line on', async () => {
    const { url } = await api.open();
    const { sent, response, told } = await open(url);
    sent.write(lines(message(), message()));
    await response;
    await eventually('two answers', told, (answers) => answers.length === 2);
    await api.redis.call('CLIENT', 'PAUSE', '60000', 'WRITE');
    try {
      sent.write(lines(message(), message()));
      const end = await eventually('the summary', told, (answers) => answers.at(-1)?.summary);
      expect(end.at(-1).summary).toMatchObject({
        lines: 2,
        complete: false,
        resumeAt: 3,
        problem: { status: 503 },
      });
    } finally {
      await api.redis.call('CLIENT', 'UNPAUSE');
      sent.destroy();
    }
  });

  it('ends once its token is revoked', async () => {
    const token = await api.issue({});
    const { sent, response, told } = await open(api.url, { authorization: `Bearer ${token}` });
    sent.write(lines(message()));
    await response;
    await api.redis.hdel('herald:{herald:channels}:tokens', token.split('_')[1]!);
    await eventually('the summary', () => {
      sent.write(lines(message()));
      return told().at(-1)?.summary?.problem?.status === 401;
    });
    sent.destroy();
  });

  it('ends with its summary when the process stops', async () => {
    const closing = await api.open();
    const { sent, response, told } = await open(closing.url);
    sent.write(lines(message()));
    await response;
    await eventually('an answer', told, (answers) => answers.length === 1);
    await closing.close();
    expect(told().at(-1).summary).toMatchObject({
      lines: 1,
      complete: false,
      resumeAt: 2,
      problem: { status: 503 },
    });
    sent.destroy();
  });
});

describe('an Idempotency-Key', () => {
  const send = (body: unknown, key: string) =>
    api.ask('/v1/messages', { body, headers: { 'idempotency-key': key } });

  it('makes a repeat a duplicate, and another body an error', async () => {
    const first = await send(message(), 'order-31');
    const again = await send(message(), 'order-31');
    expect([first.status, again.status, again.body]).toEqual([
      202,
      200,
      { status: 'duplicate', id: first.body.id },
    ]);
    const other = await send(message({ content: 'Bye' }), 'order-31');
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    expect((await send(message(), 'order-32')).status).toBe(202);
    expect((await send(message(), 'a b')).status).toBe(400);
  });

  it('belongs to its token', async () => {
    const token = await api.issue({});
    const asking = { body: message(), headers: { 'idempotency-key': 'mine' } };
    expect((await api.ask('/v1/messages', asking)).status).toBe(202);
    expect((await api.ask('/v1/messages', { ...asking, token })).status).toBe(202);
  });

  it('has a stream that stopped sent again from its first line, and takes each line once', async () => {
    const { url } = await api.open();
    const all = Array.from({ length: 6 }, (_, i) => lines(message({ to: { userId: 900 + i } })));
    const headers = { 'idempotency-key': 'stopped' };
    const { sent, response, told } = await open(url, headers);
    sent.write(all[0]);
    await response;
    await eventually('an answer', told, (answers) => answers.length === 1);
    await api.redis.call('CLIENT', 'PAUSE', '60000', 'WRITE');
    try {
      sent.write(all.slice(1).join(''));
      await eventually('the summary', told, (answers) => answers.at(-1)?.summary !== undefined);
    } finally {
      await api.redis.call('CLIENT', 'UNPAUSE');
      sent.destroy();
    }
    const { resumeAt } = told().at(-1).summary;
    const again = await stream(all.slice(resumeAt - 1).join(''), headers);
    expect(again.told).toMatchObject([
      { id: told()[0].id, status: 'duplicate' },
      ...Array(5).fill({ id: expect.any(String) }),
    ]);
    const whole = await stream(all.join(''), headers);
    expect(whole.summary).toEqual({ lines: 6, counts: { duplicate: 6 }, complete: true });
    expect(resumeAt).toBe(1);
  });

  it('lets a line be mended that was refused, and none that was taken', async () => {
    const headers = { 'idempotency-key': 'file' };
    await stream(lines(message(), message({ to: {} }), message()), headers);
    const { told } = await stream(lines(message(), message(), message({ content: 'Bye' })), headers);
    expect(told).toMatchObject([
      { status: 'duplicate' },
      { status: 'queued' },
      { status: 'refused', problem: { code: 'idempotency_key_reused' } },
    ]);
    const [key] = await api.redis.keys('herald:{herald:channels}:idempotency:*');
    expect(await api.redis.pttl(key!)).toBeGreaterThan(23 * 3600_000);
  });
});
