import { COUNTERS, GAUGES } from '../../../src/observe/metric-definitions.ts';
import { type AlertCases, CHANNEL, given, type Series } from './case.ts';

const sent = { platform: 'kongregate', state: 'delivered', reason: 'sent' };

const ONE = { instance: 'worker-1:9464' };
const TWO = { instance: 'worker-2:9464' };

const stopped = (reason: string, values: string): Series => given(GAUGES.stopped, { reason }, values);

export const channelCases: AlertCases = {
  HeraldEnqueueFailing: {
    firing: {
      given: [given(COUNTERS.accepted, { status: 'timeout' }, '0+5x10')],
      at: 5,
      labels: { ...CHANNEL, status: 'timeout' },
    },
    quiet: {
      when: 'one message was lost, and others are invalid',
      given: [
        given(COUNTERS.accepted, { status: 'timeout' }, '0x3 1x7'),
        given(COUNTERS.accepted, { status: 'invalid' }, '0+5x10'),
      ],
      at: 5,
    },
  },
  HeraldChannelUnserved: {
    firing: {
      given: [
        given(GAUGES.channelWorkers, {}, '0x10'),
        given(GAUGES.queue, { state: 'ready' }, '100x10'),
        given(GAUGES.queue, { state: 'scheduled' }, '21x10'),
      ],
      at: 6,
      labels: CHANNEL,
      value: '121',
    },
    quiet: {
      when: 'nothing but dead letters is left of a channel that was given up',
      given: [
        given(GAUGES.channelWorkers, {}, '0x10'),
        given(GAUGES.queue, { state: 'ready' }, '0x10'),
        given(GAUGES.queue, { state: 'dead' }, '7x10'),
      ],
      at: 6,
    },
  },
  HeraldChannelStuck: {
    firing: {
      given: [
        given(GAUGES.queue, { state: 'ready' }, '40x30'),
        given(COUNTERS.messages, sent, '7x30'),
        stopped('paused', '0x30'),
      ],
      at: 16,
      labels: CHANNEL,
      value: '40',
    },
    quiet: {
      when: 'messages are ready as ever, and some are delivered',
      given: [
        given(GAUGES.queue, { state: 'ready' }, '40x30'),
        given(COUNTERS.messages, sent, '7+1x30'),
        stopped('paused', '0x30'),
      ],
      at: 16,
    },
  },
  HeraldCredentialsRefused: {
    firing: {
      given: [stopped('credentials', '0 1x5'), stopped('paused', '0x5')],
      at: 1,
      labels: { ...CHANNEL, reason: 'credentials' },
    },
    quiet: { when: 'somebody paused the channel', given: [stopped('paused', '1x5')], at: 2 },
  },
  HeraldChannelStopped: {
    firing: {
      given: [stopped('account_taken', '1x5')],
      at: 1,
      labels: { ...CHANNEL, reason: 'account_taken' },
    },
    quiet: { when: 'somebody paused the channel', given: [stopped('paused', '1x5')], at: 2 },
  },
  HeraldChannelPaused: {
    every: 5,
    firing: {
      given: [stopped('paused', '1x14')],
      at: 65,
      labels: { ...CHANNEL, reason: 'paused' },
    },
    quiet: { when: 'it was paused for half an hour', given: [stopped('paused', '1x6 0x8')], at: 65 },
  },
  HeraldConcurrencySaturated: {
    firing: {
      given: [
        given(GAUGES.inFlight, ONE, '20x20'),
        given(GAUGES.inFlight, TWO, '18x20'),
        given(GAUGES.concurrency, ONE, '20x20'),
        given(GAUGES.concurrency, TWO, '20x20'),
        given(GAUGES.ready, ONE, '500x20'),
        given(GAUGES.ready, TWO, '500x20'),
      ],
      at: 16,
      labels: CHANNEL,
      value: '95%',
    },
    quiet: {
      when: 'nothing else is ready',
      given: [
        given(GAUGES.inFlight, ONE, '20x20'),
        given(GAUGES.concurrency, ONE, '20x20'),
        given(GAUGES.ready, ONE, '0x20'),
      ],
      at: 16,
    },
  },
  HeraldRateSaturated: {
    every: 5,
    firing: {
      given: [
        given(
          COUNTERS.attempts,
          { platform: 'kongregate', outcome: 'delivered', reason: 'sent' },
          '0+2580x20',
        ),
        given(GAUGES.rate, {}, '10x20'),
        given(GAUGES.ready, {}, '500x20'),
      ],
      at: 70,
      labels: CHANNEL,
    },
    quiet: {
      when: 'half of the rate is used',
      given: [
        given(
          COUNTERS.attempts,
          { platform: 'kongregate', outcome: 'delivered', reason: 'sent' },
          '0+1500x20',
        ),
        given(GAUGES.rate, {}, '10x20'),
        given(GAUGES.ready, {}, '500x20'),
      ],
      at: 70,
    },
  },
};
