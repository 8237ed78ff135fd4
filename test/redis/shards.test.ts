import { describe, expect, it } from 'vitest';
import { crc16 } from '../../src/redis/hash-slot.ts';
import { channelOfStore, shardOf, storeNames, storeOf } from '../../src/redis/shards.ts';

describe('the stores of a channel', () => {
  it('are its bare name without shards, and one a shard otherwise', () => {
    expect(storeNames('forum', undefined)).toEqual(['forum']);
    expect(storeNames('forum', 3)).toEqual(['forum/0', 'forum/1', 'forum/2']);
    expect(['forum', 'forum/12'].map(channelOfStore)).toEqual(['forum', 'forum']);
  });

  it('hash as Redis Cluster does', () => {
    // The check value of the cluster specification, and of CRC-16/XMODEM.
    expect(crc16('123456789')).toBe(0x31c3);
    expect(crc16('')).toBe(0);
  });

  it('share the recipients evenly, each for ever in one', () => {
    const counts = new Map<number, number>();
    for (let user = 0; user < 8_000; user++) {
      const shard = shardOf(`id:${user}`, 8);
      counts.set(shard, (counts.get(shard) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(Math.min(...counts.values())).toBeGreaterThan(700);
    expect(storeOf('forum', 8, 'id:1')).toBe(storeOf('forum', 8, 'id:1'));
    expect(storeOf('forum', undefined, 'id:1')).toBe('forum');
  });
});
