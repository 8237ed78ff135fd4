import { COUNTERS, GAUGES, HISTOGRAMS } from '../../../src/observe/metric-definitions.ts';
import { rules } from '../../promql.ts';
import type { Alerts } from '../rule.ts';

/** The job under which Prometheus scrapes redis_exporter: it may see Redises of others, which may well evict. */
export const REDIS_JOB = 'herald-redis';
export const OF_REDIS = `{job="${REDIS_JOB}"}`;

/** Redis as the workers find it, and as redis_exporter tells of it. */
export const redisAlerts: Alerts = (timing) => [
  {
    alert: 'HeraldRedisUnavailable',
    severity: 'page',
    for: 60,
    // One of many that is cut off is HeraldRedisErrors: the others deliver.
    expr: [
      `count by (job) (${rules.series(GAUGES.redisUp)} == 0)`,
      `>= 0.5 * count by (job) (${rules.series(GAUGES.redisUp)})`,
    ].join('\n'),
    summary: '{{ $value }} workers cannot use Redis',
    description:
      'They are half of all, or more. It does not answer them, or takes no writes: it is down, full, read-only, or cannot be reached. They send nothing meanwhile, and nothing is lost that Redis had acknowledged.',
  },
  {
    alert: 'HeraldRedisErrors',
    severity: 'ticket',
    for: 300,
    expr: `${rules.rate(COUNTERS.redisErrors, timing.window(300), { by: ['kind'] })} > 0.1`,
    summary: 'workers meet errors of Redis: {{ $labels.kind }}',
    description: 'More than one in ten seconds, for five minutes.',
  },
  {
    alert: 'HeraldRedisSlow',
    severity: 'ticket',
    for: 600,
    expr: `${rules.quantile(0.99, HISTOGRAMS.redisCall, timing.window(300), { where: { call: ['admit', 'settle'] }, by: ['call'] })} > 0.5`,
    summary: 'Redis takes {{ $value | humanizeDuration }} to {{ $labels.call }}',
    description:
      'The 99th percentile of its answers to the workers. Deliveries are slowed by it, and grants come too late to be used.',
  },
  {
    alert: 'HeraldRedisMemoryHigh',
    severity: 'page',
    for: 300,
    expr: `redis_memory_used_bytes${OF_REDIS} / (redis_memory_max_bytes${OF_REDIS} > 0) > 0.85`,
    summary: 'Redis {{ $labels.instance }} uses {{ $value | humanizePercentage }} of its memory',
    description:
      'When it is full it refuses writes: producers fail and nothing is sent. The policy must be noeviction; with any other, Redis forgets what was sent.',
  },
  {
    alert: 'HeraldRedisPersistenceFailing',
    severity: 'page',
    for: 60,
    expr: [
      `redis_aof_last_write_status${OF_REDIS} == 0`,
      `or redis_aof_last_bgrewrite_status${OF_REDIS} == 0`,
      `or redis_rdb_last_bgsave_status${OF_REDIS} == 0`,
    ].join('\n'),
    summary: 'Redis {{ $labels.instance }} cannot write to its disk',
    description:
      'A restart would lose what was queued, and what was sent today: players could be written to twice.',
  },
  {
    alert: 'HeraldRedisEvicting',
    severity: 'page',
    expr: `increase(redis_evicted_keys_total${OF_REDIS}[${timing.window(600)}]) > 0`,
    summary: 'Redis {{ $labels.instance }} evicts keys',
    description:
      'Among them may be messages, and the records of what was sent. maxmemory-policy must be noeviction.',
  },
];
