import { expect, it } from 'vitest';
import { channelKey, channelKeys, queueName } from '../../src/redis/keys.ts';

it('names queue and receipts by the wire contract', () => {
  expect(queueName('kongregate')).toBe('{kongregate}');
  expect(channelKey('kongregate')).toBe('herald:{kongregate}');
  expect(channelKeys('staff-2').receipts).toBe('herald:{staff-2}:receipts');
});
