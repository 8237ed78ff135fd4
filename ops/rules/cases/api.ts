import { COUNTERS } from '../../../src/observe/metric-definitions.ts';
import { JOB } from '../alerts/workers.ts';
import { type AlertCases, given, type Series } from './case.ts';

const answered = (status: string, values: string): Series =>
  given(COUNTERS.httpRequests, { route: 'POST /v1/messages', status }, values);

export const apiCases: AlertCases = {
  HeraldApiErrors: {
    firing: {
      given: [answered('202', '0+18x30'), answered('503', '0+2x30')],
      at: 20,
      labels: { job: JOB },
      value: '10%',
    },
    quiet: {
      when: 'three of four requests fail, and there were only four, or clients send what is wrong',
      given: [
        answered('202', '0 0 0 1x20'),
        answered('500', '0 0 0 3x20'),
        answered('422', '0+0x10 0+50x10'),
      ],
      at: 8,
    },
  },
};
