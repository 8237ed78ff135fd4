import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClientDeps, Confirmation } from '../../../src/platforms/port.ts';
import { readSearch, stored } from '../../../src/platforms/zulip/search.ts';
import { type ZulipMessage, type ZulipSettings, zulip } from '../../../src/platforms/zulip/zulip.ts';
import { type Sandbox, startSandbox } from '../../../src/sandbox/index.ts';
import { unhurried } from '../../../testing/slowness.ts';
import { answered } from '../answers.ts';

const settings = (more: Partial<ZulipSettings> = {}): ZulipSettings => ({
  baseUrl: '',
  email: 'bot@example.com',
  apiKey: 'sandbox-key',
  type: 'direct',
  addressing: 'userIds',
  maxMessageLength: 10_000,
  ...more,
});
const ANN: ZulipMessage = { content: '', to: { userIds: [1] } };
const NOW = Date.now();

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await startSandbox();
});
afterEach(() => sandbox.close());

async function withClient<T>(
  use: (client: ReturnType<typeof zulip.connect>) => Promise<T>,
  more: Partial<ZulipSettings> = {},
  deps: ClientDeps = {},
): Promise<T> {
  const common = { baseUrl: `${sandbox.url}/zulip`, timeoutMs: 2_000, concurrency: 2 };
  const client = zulip.connect({ ...settings(more), ...common }, deps);
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

const request = (message: ZulipMessage, content: string) => ({
  message,
  content,
  attempt: 1,
  id: 'm',
  idempotencyKey: () => 'f'.repeat(32),
  attemptedAt: NOW - 60_000,
  signal: new AbortController().signal,
});
const send = (message: ZulipMessage, content: string, more = {}) =>
  withClient((client) => client.send(request(message, content)), more);
const confirm = (message: ZulipMessage, content: string, more = {}): Promise<Confirmation> =>
  withClient((client) => client.confirm!(request(message, content)), more);

describe('asking Zulip for a message', () => {
  it('finds what reads the same in the conversation, and tells when it came', async () => {
    await send(ANN, 'Hello');
    await send(ANN, 'Hello there');
    await send(ANN, 'Hello');
    const answer = await confirm(ANN, 'Hello');
    expect(answer).toMatchObject({
      kind: 'candidates',
      messages: [{ platformMessageId: '1' }, { platformMessageId: '3' }],
    });
    for (const { at } of (answer as Extract<Confirmation, { kind: 'candidates' }>).messages) {
      expect(Math.abs(at - Date.now())).toBeLessThan(unhurried(3_000));
    }
  });

  it('does not find what others were sent, or what others sent', async () => {
    await send({ content: '', to: { userIds: [2] } }, 'Hello');
    await send({ content: '', to: { userIds: [1, 2] } }, 'Hello');
    sandbox.zulip.setCredentials('bot@example.com:sandbox-key', 'other@example.com:sandbox-key');
    await send(ANN, 'Hello', { email: 'other@example.com' });
    expect(await confirm(ANN, 'Hello')).toEqual({ kind: 'not_found' });
  });

  it.each([
    ['a group', { userIds: [3, 1, 2] }, {}],
    ['an address', { emails: ['Ann@example.com'] }, {}],
    ['an old server', { userIds: [1] }, { type: 'private' as const }],
  ])('knows the conversation of %s', async (_, to, more) => {
    const message = { content: '', to } as ZulipMessage;
    await send(message, 'Hello', more);
    expect(await confirm(message, 'Hello', more)).toMatchObject({ kind: 'candidates' });
  });

  it('takes white space that Zulip strips for nothing', async () => {
    await send(ANN, '\nHello \n ');
    expect(await confirm(ANN, '\nHello \n ')).toMatchObject({ kind: 'candidates' });
  });

  it.each(['reset', 'server_error', 'blank', 'unreadable', 'rate_limited'] as const)(
    'proves nothing when the answer is %s',
    async (kind) => {
      sandbox.faults.add({ kind, of: 'lookup' });
      expect(await confirm(ANN, 'Hello')).toMatchObject({ kind: 'unsure' });
    },
  );

  it('proves nothing when it is not allowed', async () => {
    expect(await confirm(ANN, 'Hello', { apiKey: 'wrong' })).toEqual({
      kind: 'unsure',
      detail: 'expected messages, got HTTP 401',
    });
  });

  it('reads answers larger than those to a message', async () => {
    const long = 'x'.repeat(10_000);
    for (let i = 0; i < 20; i += 1) await send(ANN, `${i} ${long.slice(5)}`);
    expect(await confirm(ANN, `0 ${long.slice(5)}`)).toMatchObject({ kind: 'candidates' });
  });
});

describe('reading the messages of a conversation', () => {
  const message = (id: number, at: number, content = 'Hello') => ({ id, timestamp: at / 1000, content });
  const read = (messages: unknown[], more: object = {}, headers: Record<string, string> = {}) =>
    readSearch(
      answered(200, { result: 'success', messages, ...more }, headers),
      'Hello',
      1_000_000,
      2_000_000,
    );

  it('corrects their times by the server’s clock', () => {
    const answer = read([message(1, 1_500_000)], {}, { date: new Date(2_060_000).toUTCString() });
    expect(answer).toEqual({ kind: 'candidates', messages: [{ platformMessageId: '1', at: 1_440_000 }] });
    expect(read([message(1, 1_500_000)])).toMatchObject({ messages: [{ at: 1_500_000 }] });
  });

  it('proves absence only when it reaches back far enough', () => {
    const page = (at: number) =>
      Array.from({ length: 100 }, (_, i) => message(i + 1, at + i * 1000, 'Other'));
    expect(read(page(1_100_000))).toMatchObject({ kind: 'unsure' });
    expect(read(page(1_100_000), { found_oldest: true })).toEqual({ kind: 'not_found' });
    expect(read(page(999_000))).toEqual({ kind: 'not_found' });
    expect(read(page(1_100_000).slice(1))).toEqual({ kind: 'not_found' });
  });

  it('passes over what it cannot read', () => {
    expect(read([null, { id: 'x' }, message(2, 1_500_000)])).toMatchObject({
      messages: [{ platformMessageId: '2' }],
    });
  });
});

it('compares megabytes of white space in no time', () => {
  const spaces = `a${' '.repeat(2_000_000)}b \n`;
  const before = process.cpuUsage();
  expect(stored(spaces)).toBe(spaces.slice(0, -2));
  expect(process.cpuUsage(before).user / 1_000).toBeLessThan(unhurried(1_500));
});
