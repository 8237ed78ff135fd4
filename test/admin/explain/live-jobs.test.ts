import { expect, vi } from 'vitest';
import { explain } from '../../../src/admin/explain/explain.ts';
import type { Installation } from '../../../src/channels/installation.ts';
import type { Environment } from '../../support/environment.ts';
import { it } from '../admin-fixture.ts';

/** What explaining a message reads of a queue. */

/** So many jobs of many messages, none of which is sent yet. */
const BACKLOG = 45;

async function addBacklog({ queue }: Environment): Promise<void> {
  const sendAt = new Date(Date.now() + 3_600_000).toISOString();
  const message = { platform: 'kongregate', to: { userId: 71 }, content: 'Hello', sendAt };
  const data = { v: 1, messages: [message, { ...message, id: 'later' }] };
  await queue.addBulk(Array.from({ length: BACKLOG }, () => ({ name: 'messages', data })));
}

/** The ids of the jobs of each reading from here on. */
function readings({ channels }: Installation): string[][] {
  const read = vi.spyOn(channels[0]!.queue, 'read');
  return read.mock.calls as unknown as string[][];
}

it('reads no job for a message that has ended', async ({ openEnvironment, openInstallation }) => {
  const env = await openEnvironment();
  const worker = await env.worker();
  await env.send(11, { id: 'done' });
  await env.settled(1);
  await worker.close();
  await addBacklog(env);
  const installation = await openInstallation(env);
  const read = readings(installation);
  expect(await explain(installation, 'done')).toMatchObject([
    { job: null, record: { state: 'delivered' }, receipts: [{ id: 'done' }] },
  ]);
  expect(read).toEqual([]);
});

it('finds what was enqueued without a record, and reads a job once, few at a time', async ({
  openEnvironment,
  openInstallation,
}) => {
  const env = await openEnvironment();
  const worker = await env.worker();
  await worker.close();
  await addBacklog(env);
  await env.addForeign({ v: 1, id: 'foreign', platform: 'kongregate', to: { userId: 81 }, content: 'Hello' });
  const installation = await openInstallation(env);
  expect(await explain(installation, 'foreign')).toMatchObject([
    { id: 'foreign', job: { state: 'waiting' } },
  ]);
  const read = readings(installation);
  expect(await explain(installation, 'nobody')).toEqual([]);
  const pages = read.map(([ids]) => ids as unknown as string[]);
  expect(new Set(pages.flat()).size).toBe(BACKLOG + 1);
  expect(pages.flat()).toHaveLength(BACKLOG + 1);
  for (const page of pages) expect(page.length).toBeLessThanOrEqual(20);
});
