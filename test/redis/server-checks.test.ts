import { expect, it } from 'vitest';
import { redisChecks } from '../../src/redis/server-checks.ts';

const INFO = {
  redis_version: '7.0.0',
  role: 'master',
  connected_slaves: '0',
  maxmemory_policy: 'noeviction',
  aof_enabled: '1',
  aof_last_write_status: 'ok',
  aof_last_bgrewrite_status: 'ok',
  rdb_last_bgsave_status: 'ok',
};
const CONFIG = { appendfsync: 'always', 'hash-max-listpack-entries': '128', 'hash-max-listpack-value': '64' };

const check = (info: Record<string, string>, config: Record<string, string> = {}) =>
  redisChecks({
    info: new Map(Object.entries({ ...INFO, ...info })),
    config: new Map(Object.entries({ ...CONFIG, ...config })),
  });

it('finds nothing to say of a Redis as it should be', () => {
  expect(check({}).filter(({ level }) => level !== 'ok')).toEqual([]);
});

it.each([
  [{ redis_version: '6.2.14' }, {}, 'failed', /Redis 6\.2\.14 is too old/],
  [{ redis_version: '7.2.4', valkey_version: '7.1.9' }, {}, 'failed', /Valkey 7\.1\.9 is too old/],
  [{ role: 'slave' }, {}, 'failed', /accepts no writes/],
  [{ connected_slaves: '2' }, {}, 'warning', /a failover may lose/],
  [{ redis_mode: 'cluster' }, {}, 'warning', /no replica: its channels wait/],
  [{ maxmemory_policy: 'volatile-ttl' }, {}, 'failed', /set it to noeviction/],
  [{ used_memory: '900', maxmemory: '1000' }, {}, 'warning', /raise maxmemory/],
  [{ used_memory: '1000', maxmemory: '1000' }, {}, 'failed', /is full and refuses writes/],
  [{ aof_enabled: '0' }, {}, 'failed', /set appendonly to yes/],
  [{}, { appendfsync: 'everysec' }, 'warning', /the last second/],
  [{}, { appendfsync: 'no' }, 'failed', /set it to everysec or always/],
  [{ aof_last_write_status: 'err' }, {}, 'failed', /last write to the AOF failed/],
  [{ rdb_last_bgsave_status: 'err' }, {}, 'failed', /last RDB snapshot failed/],
  [{}, { 'hash-max-listpack-entries': '64' }, 'warning', /hash-max-listpack-entries to 128/],
] as const)('tells of %j %j', (info, config, level, text) => {
  const found = check(info, config).filter((each) => each.level !== 'ok');
  expect(found).toEqual([{ name: expect.any(String), level, text: expect.stringMatching(text) }]);
});

it('tells how much of its memory is used', () => {
  const text = (maxmemory: string) => {
    const checks = check({ used_memory: String(3 * 2 ** 20), maxmemory });
    return checks.find(({ name }) => name === 'maxmemory');
  };
  expect(text('0')).toEqual({ name: 'maxmemory', level: 'ok', text: 'no limit; 3.0 MB used.' });
  expect(text(String(2 ** 23))).toMatchObject({ level: 'ok', text: '3.0 MB of 8.0 MB used.' });
});

it.each(['8.0.1', '10.0.0'])('takes Redis %s for new enough', (version) => {
  expect(check({ redis_version: version }).filter(({ level }) => level === 'failed')).toEqual([]);
});
