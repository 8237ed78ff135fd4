import { GAUGES } from '../../../src/observe/metric-definitions.ts';
import { panels } from '../../promql.ts';
import {
  badIn,
  ERROR_BUDGET,
  errorRatioIn,
  OBJECTIVE,
  validIn,
  type WindowName,
} from '../../rules/objective.ts';
import { figure, lines } from '../panel.ts';
import type { Row } from '../row.ts';

const SELECTED = '{job="$job",channel=~"$channel"}';

/** Of all chosen channels together. */
const errorRatio = (window: WindowName): string =>
  `sum(${badIn(window)}${SELECTED}) / (sum(${validIn(window)}${SELECTED}) > 0)`;

export const healthRow = (): Row => ({
  title: 'Health and objective',
  panels: [
    figure({
      title: 'Workers',
      description: 'Workers that answer Prometheus.',
      unit: 'none',
      width: 4,
      targets: [['count(up{job="$job"} == 1) or vector(0)', 'workers']],
      thresholds: ['red', [1, 'green']],
      runbooks: ['HeraldNoWorkers', 'HeraldWorkerDown'],
    }),
    figure({
      title: 'Workers that can use Redis',
      description:
        'It answers them and takes their writes. A Redis that is full or read-only counts as away.',
      unit: 'none',
      width: 4,
      targets: [[panels.sum(GAUGES.redisUp), 'workers']],
      thresholds: ['red', [1, 'green']],
      runbooks: ['HeraldRedisUnavailable'],
    }),
    figure({
      title: 'Age of the samples',
      description:
        'How long ago a worker read the queues. Older ones are removed: then the figures of queues, ages and stops are missing.',
      unit: 's',
      width: 4,
      targets: [[`time() - max(${panels.max(GAUGES.sampleTimestamp)})`, 'age']],
      thresholds: ['green', [15, 'red']],
      runbooks: ['HeraldNoSamples'],
      noValue: 'no samples',
    }),
    figure({
      title: 'Channels without a worker',
      description: 'Channels that a worker announced once, and that none serves now.',
      unit: 'none',
      width: 4,
      targets: [[`count(${panels.max(GAUGES.channelWorkers)} == 0) or vector(0)`, 'unserved']],
      thresholds: ['green', [1, 'red']],
      runbooks: ['HeraldChannelUnserved'],
    }),
    figure({
      title: 'Stopped channels',
      description:
        'Channels that send nothing until somebody acts: refused credentials, a pause, a conflict of policies.',
      unit: 'none',
      width: 4,
      targets: [[`sum(${panels.max(GAUGES.stopped)})`, 'stopped']],
      thresholds: ['green', [1, 'red']],
      runbooks: ['HeraldCredentialsRefused', 'HeraldChannelStopped', 'HeraldChannelPaused'],
    }),
    figure({
      title: 'Ready now',
      description: 'Messages that a worker could send at this moment. Workers are scaled on this figure.',
      unit: 'short',
      width: 4,
      targets: [[`sum(${panels.max(GAUGES.ready)})`, 'ready']],
      graph: true,
    }),
    figure({
      title: 'Oldest ready',
      description: 'For how long the oldest of them has been due.',
      unit: 's',
      width: 4,
      targets: [[`max(${panels.max(GAUGES.oldestAge, { where: { state: 'ready' } })})`, 'oldest']],
      thresholds: ['green', [300, 'orange'], [900, 'red']],
      runbooks: ['HeraldReadyTooOld', 'HeraldChannelStuck'],
      graph: true,
    }),
    figure({
      title: 'Lost in the last hour',
      description:
        'Share of the ended messages that were lost (exhausted, unconfirmed, stalled or expired). Blind to what only waits.',
      unit: 'percentunit',
      width: 4,
      targets: [[errorRatio('1h'), 'lost']],
      thresholds: ['green', [ERROR_BUDGET, 'orange'], [14.4 * ERROR_BUDGET, 'red']],
      runbooks: ['HeraldErrorBudgetBurn'],
      decimals: 2,
      noValue: 'none ended',
    }),
    figure({
      title: 'Fastest burn',
      description:
        'Of the channels, the one that uses up its error budget fastest: 1 is as fast as the objective allows.',
      unit: 'none',
      width: 4,
      targets: [[`max(${errorRatioIn('1h')}${SELECTED}) / ${ERROR_BUDGET}`, 'burn rate']],
      thresholds: ['green', [1, 'orange'], [14.4, 'red']],
      runbooks: ['HeraldErrorBudgetBurn'],
      decimals: 1,
      noValue: 'none ended',
    }),
    figure({
      title: 'Delivered in 30 days',
      description: `Share of the messages that could be delivered and were; the objective is ${OBJECTIVE * 100} %.`,
      unit: 'percentunit',
      width: 4,
      targets: [[`1 - ${errorRatio('30d')}`, 'delivered']],
      thresholds: ['red', [OBJECTIVE, 'green']],
      runbooks: ['HeraldErrorBudgetBurn'],
      decimals: 2,
      noValue: 'none ended',
    }),
    figure({
      title: 'Dead letters to look at',
      description: 'Dead letters other than those for recipients who do not exist.',
      unit: 'short',
      width: 4,
      targets: [
        [
          `sum(${panels.max(GAUGES.deadLetters, { where: { reason: { not: ['bad_recipient'] } }, by: ['reason'] })})`,
          'dead',
        ],
      ],
      thresholds: ['green', [1, 'orange']],
      runbooks: ['HeraldDeadLetters', 'HeraldDeadLettersOld'],
      graph: true,
    }),
    figure({
      title: 'Sends in doubt',
      description: 'Requests of which nobody knows yet whether the platform took them.',
      unit: 'short',
      width: 4,
      targets: [[`sum(${panels.max(GAUGES.sendsInDoubt)})`, 'in doubt']],
      runbooks: ['HeraldSendsInDoubt'],
      graph: true,
    }),
    lines({
      title: 'Lost, by channel',
      description: 'Share of the messages that ended within the last hour. Blind to what only waits.',
      unit: 'percentunit',
      width: 12,
      targets: [[`${errorRatioIn('1h')}${SELECTED}`, '{{channel}}']],
      thresholds: ['green', [ERROR_BUDGET, 'orange']],
      runbooks: ['HeraldErrorBudgetBurn'],
    }),
    lines({
      title: 'Error budget left, by channel',
      description: 'Of 30 days. Below 0 the objective is missed.',
      unit: 'percentunit',
      width: 12,
      targets: [[`1 - ${errorRatioIn('30d')}${SELECTED} / ${ERROR_BUDGET}`, '{{channel}}']],
      thresholds: ['red', [0, 'green']],
      runbooks: ['HeraldErrorBudgetBurn'],
      signed: true,
    }),
  ],
});
