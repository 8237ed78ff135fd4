import { COUNTERS, GAUGES, HISTOGRAMS } from '../../../src/observe/metric-definitions.ts';
import { type AlertCases, CHANNEL, given, type Series } from './case.ts';

const delivered = (values: string): Series =>
  given(COUNTERS.messages, { platform: 'kongregate', state: 'delivered', reason: 'sent' }, values);
const exhausted = (values: string): Series =>
  given(COUNTERS.messages, { platform: 'kongregate', state: 'dead', reason: 'exhausted' }, values);
const expired = (values: string): Series =>
  given(COUNTERS.messages, { platform: 'kongregate', state: 'suppressed', reason: 'expired' }, values);

export const objectiveCases: AlertCases = {
  HeraldErrorBudgetBurnFast: {
    firing: {
      given: [delivered('0+8x90'), exhausted('0+2x90')],
      at: 80,
      labels: CHANNEL,
      value: '20%',
    },
    quiet: {
      when: 'three of four messages die, and there were only four',
      given: [delivered('0 0 0 1x80'), exhausted('0 0 0 3x80')],
      at: 30,
    },
  },
  HeraldErrorBudgetBurnSteady: {
    every: 5,
    firing: {
      given: [delivered('0+45x80'), exhausted('0+5x80')],
      at: 400,
      labels: CHANNEL,
      value: '10%',
    },
    quiet: {
      when: 'it is over: nothing has died for half an hour',
      given: [delivered('0+45x80'), exhausted('0+5x72 360x8')],
      at: 400,
    },
  },
  HeraldErrorBudgetBurnSlow: {
    every: 30,
    firing: {
      given: [delivered('0+97x150'), exhausted('0+3x150')],
      at: 4_380,
      labels: CHANNEL,
      value: '3%',
    },
    quiet: {
      when: 'one of two hundred dies, as the objective allows',
      given: [delivered('0+199x150'), exhausted('0+1x150')],
      at: 4_380,
    },
  },
  HeraldReadyTooOld: {
    firing: {
      given: [
        given(GAUGES.oldestAge, { state: 'ready' }, '0+60x30'),
        given(GAUGES.stopped, { reason: 'paused' }, '0x30'),
        given(
          COUNTERS.attempts,
          { platform: 'kongregate', outcome: 'delivered', reason: 'sent' },
          '0+300x30',
        ),
        given(GAUGES.rate, {}, '10x30'),
      ],
      at: 22,
      labels: CHANNEL,
      value: '22m 0s',
    },
    quiet: {
      when: 'a campaign is sent at the rate that is configured',
      given: [
        given(GAUGES.oldestAge, { state: 'ready' }, '0+60x30'),
        given(GAUGES.stopped, { reason: 'paused' }, '0x30'),
        given(
          COUNTERS.attempts,
          { platform: 'kongregate', outcome: 'delivered', reason: 'sent' },
          '0+516x30',
        ),
        given(GAUGES.rate, {}, '10x30'),
      ],
      at: 22,
    },
  },
  HeraldDeliveriesLate: {
    every: 5,
    firing: {
      given: [
        given(HISTOGRAMS.readyLatency, { le: '300' }, '0+45x16', '_bucket'),
        given(HISTOGRAMS.readyLatency, {}, '0+50x16', '_count'),
      ],
      at: 75,
      labels: CHANNEL,
      value: '10%',
    },
    quiet: {
      when: 'one of ten was late, and there were only ten',
      given: [
        given(HISTOGRAMS.readyLatency, { le: '300' }, '0 9x16', '_bucket'),
        given(HISTOGRAMS.readyLatency, {}, '0 10x16', '_count'),
      ],
      at: 30,
    },
  },
  HeraldMessagesExpire: {
    every: 5,
    firing: {
      given: [delivered('0+15x12'), expired('0+5x12')],
      at: 60,
      labels: CHANNEL,
      value: '25%',
    },
    quiet: {
      when: 'one of four messages expired, and there were only four',
      given: [delivered('0 3x12'), expired('0 1x12')],
      at: 30,
    },
  },
};
