import { COUNTERS, GAUGES, HISTOGRAMS } from '../../../src/observe/metric-definitions.ts';
import { REDIS_JOB } from '../alerts/redis.ts';
import { JOB } from '../alerts/workers.ts';
import { type AlertCases, foreign, given, type Series } from './case.ts';

const REDIS = { job: REDIS_JOB, instance: 'redis:9121' };
/** Of another program, which is none of Herald's business. */
const CACHE = { job: 'redis', instance: 'cache:9121' };

const admitted = (le: string, values: string): Series =>
  foreign(`${HISTOGRAMS.redisCall.name}_bucket`, { job: JOB, call: 'admit', le }, values);

export const redisCases: AlertCases = {
  HeraldRedisUnavailable: {
    firing: {
      given: [
        given(GAUGES.redisUp, { instance: 'worker-1:9464' }, '1 0x10'),
        given(GAUGES.redisUp, { instance: 'worker-2:9464' }, '1 0x10'),
      ],
      at: 3,
      labels: { job: JOB },
      value: '2',
    },
    quiet: {
      when: 'one of three workers is cut off from it',
      given: [
        given(GAUGES.redisUp, { instance: 'worker-1:9464' }, '1 0x10'),
        given(GAUGES.redisUp, { instance: 'worker-2:9464' }, '1x11'),
        given(GAUGES.redisUp, { instance: 'worker-3:9464' }, '1x11'),
      ],
      at: 3,
    },
  },
  HeraldRedisErrors: {
    firing: {
      given: [given(COUNTERS.redisErrors, { kind: 'oom' }, '0+60x20')],
      at: 12,
      labels: { job: JOB, kind: 'oom' },
    },
    quiet: {
      when: 'there were three of them at a failover',
      given: [given(COUNTERS.redisErrors, { kind: 'readonly' }, '0 3x20')],
      at: 12,
    },
  },
  HeraldRedisSlow: {
    firing: {
      given: [admitted('0.5', '0+50x20'), admitted('1', '0+100x20'), admitted('+Inf', '0+100x20')],
      at: 16,
      labels: { job: JOB, call: 'admit' },
      value: '990ms',
    },
    quiet: {
      when: 'all answers come within half a second',
      given: [admitted('0.5', '0+100x20'), admitted('1', '0+100x20'), admitted('+Inf', '0+100x20')],
      at: 16,
    },
  },
  HeraldRedisMemoryHigh: {
    firing: {
      given: [
        foreign('redis_memory_used_bytes', REDIS, '9e8x10'),
        foreign('redis_memory_max_bytes', REDIS, '1e9x10'),
      ],
      at: 6,
      labels: REDIS,
      value: '90%',
    },
    quiet: {
      when: 'no maximum is set',
      given: [
        foreign('redis_memory_used_bytes', REDIS, '9e8x10'),
        foreign('redis_memory_max_bytes', REDIS, '0x10'),
      ],
      at: 6,
    },
  },
  HeraldRedisPersistenceFailing: {
    firing: {
      given: [
        foreign('redis_rdb_last_bgsave_status', REDIS, '1x10'),
        foreign('redis_aof_last_write_status', REDIS, '0x10'),
      ],
      at: 2,
      labels: REDIS,
    },
    quiet: {
      when: 'the last writes succeeded',
      given: [
        foreign('redis_rdb_last_bgsave_status', REDIS, '1x10'),
        foreign('redis_aof_last_write_status', REDIS, '1x10'),
      ],
      at: 2,
    },
  },
  HeraldRedisEvicting: {
    firing: { given: [foreign('redis_evicted_keys_total', REDIS, '0 0 40x10')], at: 5, labels: REDIS },
    quiet: {
      when: 'it has not evicted any for a while, and a cache does all the time',
      given: [
        foreign('redis_evicted_keys_total', REDIS, '40x20'),
        foreign('redis_evicted_keys_total', CACHE, '0+40x20'),
      ],
      at: 15,
    },
  },
};
