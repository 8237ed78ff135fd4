import { COUNTERS, GAUGES, HISTOGRAMS } from '../../../src/observe/metric-definitions.ts';
import { panels } from '../../promql.ts';
import { OF_REDIS } from '../../rules/alerts/redis.ts';
import { lines, states } from '../panel.ts';
import { type Row, WINDOW } from '../row.ts';

/** As the workers find it; below, as redis_exporter tells of it. */
export const redisRow = (): Row => ({
  title: 'Redis',
  panels: [
    states({
      title: 'Usable, by worker',
      description: 'It answers the worker and takes its writes, tried every five seconds.',
      unit: 'none',
      width: 6,
      targets: [[panels.series(GAUGES.redisUp), '{{instance}}']],
      thresholds: ['red', [1, 'green']],
      runbooks: ['HeraldRedisUnavailable'],
    }),
    lines({
      title: 'Errors, by kind',
      description:
        'oom: it is full; readonly: it is a replica; timeout; refused: the connection or the login.',
      unit: 'ops',
      width: 6,
      targets: [[panels.rate(COUNTERS.redisErrors, WINDOW, { by: ['kind'] }), '{{kind}}']],
      runbooks: ['HeraldRedisErrors'],
    }),
    lines({
      title: 'Duration of a call',
      description: '99th percentile, by what the worker asks for. A call may carry many messages.',
      unit: 's',
      width: 6,
      targets: [[panels.quantile(0.99, HISTOGRAMS.redisCall, WINDOW, { by: ['call'] }), '{{call}}']],
      thresholds: ['green', [0.5, 'orange']],
      runbooks: ['HeraldRedisSlow'],
    }),
    lines({
      title: 'Reconnects',
      description: 'Connections a second that were lost and made again, of all workers.',
      unit: 'ops',
      width: 6,
      targets: [[panels.rate(COUNTERS.redisReconnects, WINDOW), 'reconnects']],
    }),
    lines({
      title: 'Memory used',
      description: 'Of what Redis may use. When it is full it refuses writes. From redis_exporter.',
      unit: 'percentunit',
      width: 8,
      targets: [
        [`redis_memory_used_bytes${OF_REDIS} / (redis_memory_max_bytes${OF_REDIS} > 0)`, '{{instance}}'],
      ],
      thresholds: ['green', [0.85, 'red']],
      runbooks: ['HeraldRedisMemoryHigh'],
    }),
    states({
      title: 'Writes to its disk',
      description:
        'Whether the last write of the append-only file, its last rewrite and the last snapshot succeeded. From redis_exporter.',
      unit: 'none',
      width: 8,
      targets: [
        [`redis_aof_last_write_status${OF_REDIS}`, '{{instance}} append-only file'],
        [`redis_aof_last_bgrewrite_status${OF_REDIS}`, '{{instance}} rewrite'],
        [`redis_rdb_last_bgsave_status${OF_REDIS}`, '{{instance}} snapshot'],
      ],
      thresholds: ['red', [1, 'green']],
      runbooks: ['HeraldRedisPersistenceFailing'],
    }),
    lines({
      title: 'Evicted keys',
      description: 'A second. Above 0, Redis forgets what was sent. From redis_exporter.',
      unit: 'ops',
      width: 8,
      targets: [[`rate(redis_evicted_keys_total${OF_REDIS}[${WINDOW}])`, '{{instance}}']],
      thresholds: ['green', [0.001, 'red']],
      runbooks: ['HeraldRedisEvicting'],
    }),
  ],
});
