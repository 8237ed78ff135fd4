import * as api from '@opentelemetry/api';
import { expect, it, vi } from 'vitest';
import type { Entry, Pipeline } from '../../src/jobs/envelope.ts';
import { traceDeliveries } from '../../src/tracing/deliveries.ts';
import { createTracing } from '../../src/tracing/tracing.ts';

it('lets the next message of a traced channel start as soon as one is answered', async () => {
  const pipeline: Pipeline = {
    async deliver(_entry, answered) {
      answered?.();
      return { kind: 'hand_back' };
    },
    pause: () => ({ kind: 'hand_back' }),
    abort() {},
  };
  const tracing = createTracing(api, api.trace.getTracer('test'));
  const channel = { name: 'kongregate', platform: 'kongregate', baseUrl: 'http://127.0.0.1' };
  const traced = traceDeliveries(tracing, channel).pipeline(pipeline);
  const delivery = { message: {}, ledger: {}, ref: { id: 'a' }, pickups: 1, source: { enqueuedAt: '1' } };
  const answered = vi.fn();
  await traced.deliver({ kind: 'delivery', delivery } as unknown as Entry, answered);
  expect(answered).toHaveBeenCalledOnce();
});
