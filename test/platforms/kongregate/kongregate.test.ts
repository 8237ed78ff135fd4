import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type KongregateMessage, kongregate } from '../../../src/platforms/kongregate/kongregate.ts';
import { describePlatformContract } from '../contract.ts';

const settings = z.object(kongregate.channelShape).parse({ apiKey: 'sandbox-key' }) as Parameters<
  typeof kongregate.account
>[0];
const to = (userId: number): KongregateMessage => ({ content: 'unused', to: { userId } });

describe('Kongregate', () => {
  describePlatformContract({
    definition: kongregate,
    basePath: '/kongregate/api',
    settings,
    message: (number) => to(number),
    delivered: { kind: 'delivered', reason: 'sent' },
    refusals: [
      {
        name: 'suppresses for a player who has not played',
        message: to(17),
        outcome: { kind: 'suppressed', reason: 'ineligible' },
      },
      {
        name: 'rejects an unknown player',
        message: to(20),
        outcome: { kind: 'rejected', reason: 'bad_recipient', detail: 'Unknown user.' },
      },
      {
        name: 'rejects an unknown name',
        message: { content: 'unused', to: { username: 'Nobody0' } },
        outcome: { kind: 'rejected', reason: 'bad_recipient', detail: 'Unknown user.' },
      },
      {
        name: 'stops the channel on a wrong key',
        message: to(1),
        settings: { apiKey: 'wrong-key' },
        outcome: {
          kind: 'throttled',
          reason: 'channel_stopped',
          stop: 'credentials',
          detail: 'Invalid credentials',
        },
      },
      {
        name: 'rejects what the platform finds malformed',
        message: { content: 'unused', to: { userId: -1 } },
        outcome: {
          kind: 'rejected',
          reason: 'bad_request',
          detail: 'exactly one of user_id and username is required',
        },
      },
    ],
  });
});

describe('a Kongregate message', () => {
  const shape = z.object(kongregate.messageShape);

  it.each([{ userId: 32 }, { username: 'Some_Player1' }])('goes to %o', (recipient) => {
    expect(shape.safeParse({ to: recipient }).success).toBe(true);
  });

  it.each([
    {},
    { userId: 32, username: 'both' },
    { userId: 0 },
    { userId: 1.5 },
    { userId: '32' },
    { userId: 2 ** 53 },
    { username: '' },
    { username: 'seventeen_letters' },
    { username: 'a-b' },
    { username: 'name\n' },
  ])('does not go to %o', (recipient) => {
    expect(shape.safeParse({ to: recipient }).success).toBe(false);
  });

  it.each([
    ['https://e.com/i.png', true],
    ['http://e.com/i.png', false],
    ['javascript:alert(1)', false],
    ['i.png', false],
  ])('with the image %s: %s', (imageUrl, good) => {
    const { success, error } = shape.safeParse({ to: { userId: 1 }, imageUrl });
    expect([success, error?.issues[0]?.message]).toEqual([good, good ? undefined : 'expected an https URL']);
  });

  it('names its recipient the same way each time', () => {
    expect(kongregate.recipient(to(32))).toEqual({ addressing: 'userId', key: '32' });
    const byName = (username: string) => kongregate.recipient({ content: '', to: { username } });
    expect(byName('Ann_1')).toEqual({ addressing: 'username', key: '@ann_1' });
    expect(byName('aNN_1')).toEqual(byName('Ann_1'));
  });
});

describe('a Kongregate channel', () => {
  const shape = z.object(kongregate.channelShape);

  it('needs a key and nothing else', () => {
    expect(shape.parse({ apiKey: ' key ' })).toEqual({
      apiKey: 'key',
      baseUrl: 'https://api.kongregate.com/api',
      addressing: 'userId',
      quotaRefusals: ['per day', 'once a day', 'already', 'daily'],
    });
    expect(shape.safeParse({}).success).toBe(false);
    expect(shape.safeParse({ apiKey: 'two\nlines' }).success).toBe(false);
  });

  it.each([
    ['https://proxy.example/kong/', true],
    ['http://127.0.0.1:8080/api', true],
    ['http://localhost/api', true],
    ['http://[::1]:1/api', true],
    ['http://api.kongregate.com/api', false],
    ['http://127.0.0.1.example.com/api', false],
    ['ftp://127.0.0.1/', false],
    ['https://user:word@e.com/', false],
    ['https://e.com/?key=1', false],
    ['e.com', false],
  ])('at %s: %s', (baseUrl, good) => {
    expect(shape.safeParse({ apiKey: 'k', baseUrl }).success).toBe(good);
  });

  it('is told apart by its key, without showing it', () => {
    const one = kongregate.account({ ...settings, apiKey: 'key-one' });
    expect(kongregate.account({ ...settings, apiKey: 'key-one' })).toBe(one);
    expect(kongregate.account({ ...settings, apiKey: 'key-two' })).not.toBe(one);
    expect(one).not.toContain('key');
  });
});
