import { GAUGES, HISTOGRAMS } from '../../../src/observe/metric-definitions.ts';
import { JOB } from '../alerts/workers.ts';
import { type AlertCases, CHANNEL, foreign, given, type Series } from './case.ts';

const ONE = { job: JOB, instance: 'worker-1:9464' };
const TWO = { job: JOB, instance: 'worker-2:9464' };

const up = (labels: typeof ONE, values: string): Series => foreign('up', labels, values);

export const workerCases: AlertCases = {
  HeraldNoWorkers: {
    firing: { given: [up(ONE, '1 0x10'), up(TWO, '0x10')], at: 4, labels: {} },
    quiet: { when: 'one of two is left', given: [up(ONE, '0x10'), up(TWO, '1x10')], at: 8 },
  },
  HeraldWorkerDown: {
    firing: { given: [up(ONE, '1x10'), up(TWO, '1 0x10')], at: 4, labels: TWO },
    quiet: { when: 'a scrape failed', given: [up(ONE, '1x10'), up(TWO, '1 0 1x10')], at: 4 },
  },
  HeraldNoSamples: {
    firing: {
      // promtool's clock begins at 0, a sample a minute.
      given: [given(GAUGES.inFlight, {}, '0x10'), given(GAUGES.sampleTimestamp, {}, '0 60 120 _x10')],
      at: 9,
      labels: CHANNEL,
    },
    quiet: {
      when: 'one of two workers still reads it',
      given: [
        given(GAUGES.inFlight, { instance: ONE.instance }, '0x10'),
        given(GAUGES.inFlight, { instance: TWO.instance }, '0x10'),
        given(GAUGES.sampleTimestamp, { instance: TWO.instance }, '0+60x10'),
      ],
      at: 9,
    },
  },
  HeraldWorkerRestarts: {
    firing: {
      given: [foreign('process_start_time_seconds', ONE, '0+100x20')],
      at: 10,
      labels: ONE,
      value: '10',
    },
    quiet: {
      when: 'a rollout restarted both workers',
      given: [
        foreign('process_start_time_seconds', ONE, '0 500x20'),
        foreign('process_start_time_seconds', TWO, '0 0 560x20'),
      ],
      at: 10,
    },
  },
  HeraldEventLoopBlocked: {
    firing: {
      given: [
        given(HISTOGRAMS.eventLoopLag, { ...ONE, le: '0.5' }, '0+50x20', '_bucket'),
        given(HISTOGRAMS.eventLoopLag, { ...ONE, le: '1' }, '0+100x20', '_bucket'),
        given(HISTOGRAMS.eventLoopLag, { ...ONE, le: '+Inf' }, '0+100x20', '_bucket'),
      ],
      at: 11,
      labels: ONE,
      value: '990ms',
    },
    quiet: {
      when: 'it lags by less than half a second',
      given: [
        given(HISTOGRAMS.eventLoopLag, { ...ONE, le: '0.5' }, '0+100x20', '_bucket'),
        given(HISTOGRAMS.eventLoopLag, { ...ONE, le: '+Inf' }, '0+100x20', '_bucket'),
      ],
      at: 11,
    },
  },
  HeraldClockOff: {
    firing: {
      given: [given(GAUGES.clockOffset, { instance: ONE.instance }, '-3x10')],
      at: 3,
      labels: ONE,
      value: '3s',
    },
    quiet: {
      when: 'it is a quarter of a second off',
      given: [given(GAUGES.clockOffset, { instance: ONE.instance }, '0.25x10')],
      at: 3,
    },
  },
  HeraldDrainHangs: {
    firing: { given: [given(GAUGES.draining, { instance: ONE.instance }, '1x20')], at: 11, labels: ONE },
    quiet: {
      when: 'a worker drains for a minute and ends',
      given: [given(GAUGES.draining, { instance: ONE.instance }, '0 1 1 _x20')],
      at: 11,
    },
  },
  HeraldVersionsDiffer: {
    every: 5,
    firing: {
      given: [
        given(GAUGES.buildInfo, { instance: ONE.instance, version: '1.0.0' }, '1x14'),
        given(GAUGES.buildInfo, { instance: TWO.instance, version: '1.1.0' }, '1x14'),
      ],
      at: 65,
      labels: { job: JOB },
      value: '2',
    },
    quiet: {
      when: 'a rollout took a quarter of an hour',
      given: [
        given(GAUGES.buildInfo, { instance: ONE.instance, version: '1.0.0' }, '1x3 _x12'),
        given(GAUGES.buildInfo, { instance: TWO.instance, version: '1.1.0' }, '1x15'),
      ],
      at: 65,
    },
  },
};
