import { COUNTERS, GAUGES } from '../../../src/observe/metric-definitions.ts';
import { type AlertCases, CHANNEL, given, type Series } from './case.ts';

const attempts = (outcome: string, reason: string, values: string): Series =>
  given(COUNTERS.attempts, { platform: 'kongregate', outcome, reason }, values);

export const platformCases: AlertCases = {
  HeraldBreakerOpen: {
    firing: {
      given: [
        given(GAUGES.breaker, { state: 'open' }, '1 1 0 0 1 1 1 0 1 1'),
        given(GAUGES.breaker, { state: 'half_open' }, '0 0 1 0 0 0 0 1 0 0'),
        given(GAUGES.queue, { state: 'ready' }, '5x9'),
        given(GAUGES.queue, { state: 'active' }, '0x9'),
      ],
      at: 8,
      labels: CHANNEL,
    },
    quiet: {
      when: 'it is half open and there is nothing to try with',
      given: [
        given(GAUGES.breaker, { state: 'open' }, '1 1 0x20'),
        given(GAUGES.breaker, { state: 'half_open' }, '0 0 1x20'),
        given(GAUGES.queue, { state: 'ready' }, '0x22'),
        given(GAUGES.queue, { state: 'waiting_slot' }, '70x22'),
      ],
      at: 8,
    },
  },
  HeraldPlatformThrottles: {
    firing: {
      given: [attempts('delivered', 'sent', '0+30x30'), attempts('throttled', 'rate_limited', '0+10x30')],
      at: 20,
      labels: CHANNEL,
      value: '25%',
    },
    quiet: {
      when: 'one of a hundred requests is throttled',
      given: [attempts('delivered', 'sent', '0+99x30'), attempts('throttled', 'rate_limited', '0+1x30')],
      at: 20,
    },
  },
  HeraldUnknownOutcomes: {
    firing: {
      given: [attempts('delivered', 'sent', '0+40x30'), attempts('unknown', 'timeout', '0+10x30')],
      at: 20,
      labels: { ...CHANNEL, reason: 'timeout' },
      value: '150',
    },
    quiet: {
      when: 'two were lost, or a few of thousands',
      given: [
        attempts('delivered', 'sent', '0+400x30'),
        attempts('unknown', 'timeout', '0+1x30'),
        attempts('unknown', 'server_error', '0x10 2x20'),
      ],
      at: 20,
    },
  },
  HeraldSendsInDoubt: {
    every: 5,
    firing: { given: [given(GAUGES.sendsInDoubt, {}, '3x14')], at: 65, labels: CHANNEL, value: '3' },
    quiet: {
      when: 'they were resolved within minutes',
      given: [given(GAUGES.sendsInDoubt, {}, '3 0x14')],
      at: 65,
    },
  },
  HeraldUnforeseenRefusals: {
    every: 5,
    firing: { given: [given(COUNTERS.unforeseen, {}, '0 0 1x4')], at: 10, labels: CHANNEL },
    quiet: { when: 'it happened two hours ago', given: [given(COUNTERS.unforeseen, {}, '0 1x26')], at: 125 },
  },
};
