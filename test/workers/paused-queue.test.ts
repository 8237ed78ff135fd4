import { expect } from 'vitest';
import { elapse, eventually } from '../../testing/eventually.ts';
import { metric } from '../../testing/metrics-parser.ts';
import { it } from '../support/environment.ts';

it('tells of a queue that somebody paused in BullMQ, and of its end', async ({ openEnvironment }) => {
  const env = await openEnvironment();
  const worker = await env.worker();
  await env.queue.pause();
  await env.send(1);
  await env.send(11, { priority: 3 });
  const gauge = async (name: string, labels: Record<string, string>) =>
    metric(await worker.metrics(), name, labels);
  const stopped = () => gauge('herald_channel_stopped', { reason: 'queue_paused' });
  await eventually('the gauge', stopped, (value) => value === 1);
  const waiting = () => gauge('herald_queue_messages', { state: 'ready' });
  await eventually('the next sample', waiting, (count) => count === 2);
  // Nothing that a worker could take: so /livez finds nobody stuck, and nobody is restarted for it.
  expect(await gauge('herald_ready_messages', {})).toBe(0);
  const ready = await fetch(`${worker.url}/readyz`);
  expect([ready.status, await ready.json()]).toMatchObject([
    200,
    { stopped_channels: [{ channel: 'kongregate', reason: 'queue_paused' }] },
  ]);
  await elapse(5_500);
  expect(worker.log().match(/queue is paused/g)).toHaveLength(1);
  await env.queue.resume();
  expect(await env.settled(2)).toEqual({ 'delivered/sent': 2 });
  await eventually('the gauge to fall', stopped, (value) => value === 0);
  expect(worker.log()).toContain('queue is no longer paused');
});
