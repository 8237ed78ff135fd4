import { describe, expect, it } from 'vitest';
import { apiFixture } from './api-fixture.ts';

const api = apiFixture();
const send = async (id: string, fields = {}) =>
  await api.ask('/v1/messages', {
    body: { platform: 'kongregate', to: { userId: 32 }, content: 'Hello', id, ...fields },
  });
const later = (ms: number): string => new Date(Date.now() + ms).toISOString();

describe('GET /v1/messages/{id}', () => {
  it('tells its story from every channel of the token', async () => {
    await send('twice');
    await send('twice', { channel: 'other' });
    const { status, body } = await api.ask('/v1/messages/twice');
    expect(status).toBe(200);
    expect(body.messages).toMatchObject([
      { channel: 'kongregate', id: 'twice', next: expect.any(String), job: { state: 'waiting' }, workers: 0 },
      { channel: 'other' },
    ]);
    expect(body.messages[0].timeline[0]).toMatchObject({
      event: 'enqueued',
      at: expect.stringMatching(/Z$/),
    });
    expect(JSON.stringify(body)).not.toContain('Hello');
    const token = await api.issue({ scopes: ['read'], channels: ['other', 'gone'] });
    const limited = await api.ask('/v1/messages/twice', { token });
    expect(limited.body.messages).toMatchObject([{ channel: 'other' }]);
    expect((await api.ask('/v1/messages/twice?channel=kongregate', { token })).status).toBe(403);
    expect((await api.ask('/v1/messages/twice', { token, method: 'DELETE' })).status).toBe(403);
  });

  it('does not know what was never sent', async () => {
    expect((await api.ask('/v1/messages/nothing')).status).toBe(404);
    expect((await api.ask('/v1/messages/nothing?channel=nowhere')).status).toBe(422);
    expect((await api.ask(`/v1/messages/${'x'.repeat(300)}`)).status).toBe(400);
  });
});

describe('DELETE and PATCH /v1/messages/{id}', () => {
  it('cancel, as who bears the token', async () => {
    await send('unwanted');
    const cancelled = await api.ask('/v1/messages/unwanted', { method: 'DELETE' });
    expect(cancelled.body).toEqual({
      results: [{ channel: 'kongregate', id: 'unwanted', status: 'cancelled' }],
    });
    expect((await api.ask('/v1/messages/unwanted', { method: 'DELETE' })).status).toBe(200);
    expect((await api.ask('/v1/messages/nothing', { method: 'DELETE' })).status).toBe(404);
    const [, fields] = (
      await api.redis.xrevrange('herald:{herald:channels}:audit', '+', '-', 'COUNT', 1)
    )[0]!;
    expect(fields.join(' ')).toContain('via api by test action message.cancel');
  });

  it('reschedule, unless it has ended or would have expired', async () => {
    await send('later', { sendAt: later(3600_000), expiresAt: later(7200_000) });
    const patch = (id: string, body: unknown) => api.ask(`/v1/messages/${id}`, { method: 'PATCH', body });
    expect((await patch('later', { sendAt: later(60_000) })).body.results).toMatchObject([
      { status: 'rescheduled' },
    ]);
    expect(await patch('later', { sendAt: later(10 * 3600_000) })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/sendAt', detail: expect.stringContaining('must be earlier') }] },
    });
    expect(await patch('later', { at: 'noon' })).toMatchObject({ status: 422, body: { code: 'invalid' } });
    expect((await patch('nothing', { sendAt: later(0) })).status).toBe(404);
    await api.ask('/v1/messages/later', { method: 'DELETE' });
    expect(await patch('later', { sendAt: later(0) })).toMatchObject({
      status: 409,
      body: { code: 'conflict' },
    });
  });
});

describe('PATCH /v1/messages/{id} over channels of which one has a message that would have expired', () => {
  it.each([
    ['everywhere', undefined],
    ['limited', ['kongregate', 'other']],
  ])('changes the other, says so, and records it: %s', async (name, channels) => {
    const token = await api.issue({ name, channels });
    await send(name, { sendAt: later(60_000), expiresAt: later(3600_000) });
    await send(name, { sendAt: later(60_000), expiresAt: later(10 * 3600_000), channel: 'other' });
    const sendAt = later(2 * 3600_000);
    const path = `/v1/messages/${name}`;
    const { status, body } = await api.ask(path, { method: 'PATCH', body: { sendAt }, token });
    expect([status, body.results]).toEqual([
      200,
      [
        { channel: 'kongregate', id: name, status: 'too_late' },
        { channel: 'other', id: name, status: 'rescheduled' },
      ],
    ]);
    const [, fields] = (
      await api.redis.xrevrange('herald:{herald:channels}:audit', '+', '-', 'COUNT', 1)
    )[0]!;
    expect(fields.join(' ')).toContain(`via api by ${name} action message.reschedule`);
    const late = { method: 'PATCH', body: { sendAt: later(20 * 3600_000) }, token };
    expect((await api.ask(path, late)).status).toBe(422);
  });
});

describe('POST /v1/plays', () => {
  const play = (userId: number, fields = {}) => ({ channel: 'kongregate', to: { userId }, ...fields });

  it('records one, or names the field that is wrong', async () => {
    expect(await api.ask('/v1/plays', { body: play(32) })).toMatchObject({
      status: 200,
      body: { status: 'recorded' },
    });
    const wrong = await api.ask('/v1/plays', { body: play(32, { at: 'noon' }) });
    expect(wrong).toMatchObject({ status: 422, body: { errors: [{ pointer: '/at' }] } });
    const token = await api.issue({ channels: ['other'] });
    expect((await api.ask('/v1/plays', { body: play(32), token })).status).toBe(403);
  });

  it('records a stream of them, answered line by line', async () => {
    const body = [play(33), play(34, { to: {} }), play(35)].map((each) => JSON.stringify(each)).join('\n');
    const answer = await api.ask('/v1/plays', { body, headers: { 'content-type': 'application/x-ndjson' } });
    const lines = answer.body
      .trim()
      .split('\n')
      .map((line: string) => JSON.parse(line));
    expect(lines).toMatchObject([
      { line: 1, status: 'recorded' },
      { line: 2, status: 'refused', problem: { status: 422 } },
      { line: 3, status: 'recorded' },
      { summary: { lines: 3, counts: { recorded: 2, refused: 1 }, complete: true } },
    ]);
  });
});
