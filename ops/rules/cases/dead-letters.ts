import { COUNTERS, GAUGES } from '../../../src/observe/metric-definitions.ts';
import { type AlertCases, CHANNEL, given, type Series } from './case.ts';

const DAY_S = 86_400;

const dead = (reason: string, values: string): Series =>
  given(COUNTERS.messages, { platform: 'kongregate', state: 'dead', reason }, values);

export const deadLetterCases: AlertCases = {
  HeraldDeadLetters: {
    firing: {
      given: [dead('exhausted', '0+1x60')],
      at: 60,
      labels: { ...CHANNEL, reason: 'exhausted' },
      value: '60',
    },
    quiet: {
      when: 'messages are for recipients who do not exist',
      given: [dead('bad_recipient', '0+1x60'), dead('exhausted', '3x60')],
      at: 60,
    },
  },
  HeraldDeadLettersOld: {
    firing: {
      given: [given(GAUGES.oldestDeadLetter, {}, `${8 * DAY_S}+60x70`)],
      at: 62,
      labels: CHANNEL,
      value: '8d 1h 2m 0s',
    },
    quiet: {
      when: 'they are of the day before',
      given: [given(GAUGES.oldestDeadLetter, {}, `${DAY_S}+60x70`)],
      at: 62,
    },
  },
};
