import type { Job } from 'bullmq';
import { expect, it } from 'vitest';
import { openJob } from '../../src/jobs/open-job.ts';
import type { ReadContext } from '../../src/jobs/read-message.ts';
import { messageSchemasOf } from '../../src/message/schema.ts';
import { platforms } from '../../src/platforms/registry.ts';

const CREATED = 1_700_000_000_000;
const channel = { name: 'kongregate', platform: 'kongregate', addressing: 'userId', quota: true };
const reading = {
  ...{ channel, definition: platforms.kongregate, schemas: messageSchemasOf(platforms) },
} as unknown as ReadContext;
const campaign = {
  ...{ id: 'spring', created: String(CREATED), expiresAt: CREATED + 86_400_000, paused: true },
  message: { platform: 'kongregate', content: 'Hello' },
};
const open = (timestamp: number) => {
  const data = JSON.stringify({ v: 2, campaign: 'spring', by: 'userId', to: [5] });
  const picked = { id: 'c1_x', name: 'campaign', data, progress: 0, timestamp, attemptsStarted: 1 };
  const campaigns = async () => campaign;
  return openJob(picked as unknown as Job<string>, { reading, campaigns });
};

it('holds a job with its campaign, and not with a later one of the same id', async () => {
  const held = await open(CREATED);
  expect(held.campaign).toBe(campaign);
  expect(held.entries.read(0)).toMatchObject({ kind: 'delivery' });
  const earlier = await open(CREATED - 1);
  expect(earlier.campaign).toBeUndefined();
  expect(earlier.entries.read(0)).toMatchObject({ kind: 'invalid' });
});
