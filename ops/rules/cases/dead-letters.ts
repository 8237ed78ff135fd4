import { COUNTERS, GAUGES } from '../../../src/observe/metric-definitions.ts';
import { type AlertCases, CHANNEL, given, type Series } from './case.ts';

const DAY_S = 86_400;

const dead = (reason: string, values: string): Series =>
  given(COUNTERS.messages, { platform: 'kongregate', state: 'dead', reason }, values);

const delivered = (values: string): Series =>
  given(COUNTERS.messages, { platform: 'kongregate', state: 'delivered', reason: 'sent' }, values);

export const deadLetterCases: AlertCases = {
  HeraldDeadLetters: {
    every: 5,
    firing: {
      given: [dead('exhausted', '0+5x12')],
      at: 60,
      labels: { ...CHANNEL, reason: 'exhausted' },
      value: '60',
    },
    quiet: {
      when: 'messages are for recipients who do not exist',
      given: [dead('bad_recipient', '0+5x12'), dead('exhausted', '3x12')],
      at: 60,
    },
  },
  HeraldRecipientsUnknown: {
    every: 5,
    firing: {
      given: [delivered('0+5x16'), dead('bad_recipient', '0+45x16')],
      at: 75,
      labels: CHANNEL,
      value: '90%',
    },
    quiet: {
      when: 'one of ten does not exist, as ever',
      given: [delivered('0+45x16'), dead('bad_recipient', '0+5x16')],
      at: 75,
    },
  },
  HeraldDeadLettersOld: {
    every: 5,
    firing: {
      given: [given(GAUGES.oldestDeadLetter, {}, `${8 * DAY_S}+300x14`)],
      at: 65,
      labels: CHANNEL,
      value: '8d 1h 5m 0s',
    },
    quiet: {
      when: 'they are of the day before',
      given: [given(GAUGES.oldestDeadLetter, {}, `${DAY_S}+300x14`)],
      at: 65,
    },
  },
};
