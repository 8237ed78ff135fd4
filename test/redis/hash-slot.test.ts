import { expect, it } from 'vitest';
import { crc16, hashSlot } from '../../src/redis/hash-slot.ts';
import { accountKey, CHANNELS_KEY, channelKey, channelKeys, PROBE_KEY } from '../../src/redis/keys.ts';

it.each([
  ['{user1000}.following', '{user1000}.followers'],
  ['foo{bar}{zap}', 'bar'],
  ['foo{{bar}}zap', '{bar'],
])('%s is in the slot of %s', (key, other) => {
  expect(hashSlot(key)).toBe(hashSlot(other));
});

it('takes the whole key where a tag is empty or not closed', () => {
  expect(hashSlot('foo{}{bar}')).toBe(crc16('foo{}{bar}') % 16_384);
  expect(hashSlot('foo{bar')).toBe(crc16('foo{bar') % 16_384);
});

it('is one for all that is of a channel, and one for all that is of none', () => {
  const { receipts, ledger, probe } = channelKeys('forum');
  expect(new Set([receipts, `${ledger}:m:0`, probe, channelKey('forum')].map(hashSlot)).size).toBe(1);
  expect(new Set([CHANNELS_KEY, PROBE_KEY, accountKey('a')].map(hashSlot)).size).toBe(1);
});
