import { COUNTERS, GAUGES } from '../../../src/observe/metric-definitions.ts';
import { JOB } from '../alerts/workers.ts';
import { type AlertCases, given } from './case.ts';

const ENDPOINT = { endpoint: 'crm' };

export const webhookCases: AlertCases = {
  HeraldWebhookBehind: {
    firing: {
      given: [given(GAUGES.webhookLag, ENDPOINT, '0+60x30')],
      at: 25,
      labels: { job: JOB, ...ENDPOINT },
      value: '25m 0s',
    },
    quiet: {
      when: 'the endpoint is slow for a while',
      given: [given(GAUGES.webhookLag, ENDPOINT, '0+60x14 0x16')],
      at: 25,
    },
  },
  HeraldWebhookGone: {
    firing: {
      given: [given(GAUGES.webhookGone, ENDPOINT, '0 1x10')],
      at: 3,
      labels: { job: JOB, ...ENDPOINT },
    },
    quiet: {
      when: 'the endpoint is served',
      given: [given(GAUGES.webhookGone, ENDPOINT, '0x10')],
      at: 3,
    },
  },
  HeraldWebhookLosses: {
    firing: {
      given: [given(COUNTERS.webhookReceiptsLost, { ...ENDPOINT, reason: 'cut_off' }, '0 1x10')],
      at: 5,
      labels: { job: JOB, ...ENDPOINT, reason: 'cut_off' },
    },
    quiet: {
      when: 'this was hours ago',
      given: [given(COUNTERS.webhookReceiptsLost, { ...ENDPOINT, reason: 'cut_off' }, '0 1x90')],
      at: 80,
    },
  },
};
