import { describe, expect } from 'vitest';
import { elapse } from '../../testing/eventually.ts';
import { it } from '../support/environment.ts';
import { rideOut } from './outage.ts';

describe.concurrent('Redis away for 5 s under load', () => {
  it('loses no message and doubles none', async ({ openEnvironment }) => {
    const env = await openEnvironment({
      appendonly: true,
      sandbox: { faults: [{ kind: 'latency', latencyMs: 100 }] },
    });
    const tally = await rideOut(env, { messages: 400, outageMs: 5_000, recoveredWithinMs: 30_000 });
    expect(tally['delivered/sent']).toBeGreaterThan(300);
  });
});

describe.concurrent('connections that break again and again', () => {
  it('lose no message and double none', async ({ openEnvironment }) => {
    const env = await openEnvironment({ sandbox: { faults: [{ kind: 'latency', latencyMs: 30 }] } });
    const { journal } = env.sandbox;
    const workers = [await env.worker(), await env.worker()];
    const messages = 300;
    const players = Array.from({ length: messages }, (_, i) => Math.floor(i / 5) * 10 + (i % 5) + 1);
    const sent = env.producer.sendMany(
      players.map((userId) => ({ platform: 'kongregate' as const, to: { userId }, content: 'Hello' })),
    );
    let breaks = 0;
    while (journal.report().calls < messages * 0.8 && breaks < 200) {
      await env.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      breaks += 1;
      await elapse(40);
    }
    expect(breaks).toBeGreaterThan(5);
    expect(await sent).toMatchObject({ queued: messages, duplicate: 0 });
    const tally = await env.agreed(messages, workers, { withinMs: 40_000 });
    const presumed = tally['delivered/presumed'] ?? 0;
    expect((tally['delivered/sent'] ?? 0) + presumed).toBe(messages);
    expect(journal.report()).toMatchObject({ accepted: messages, acceptedMoreThanOnce: 0 });
    expect(journal.report().results['daily_limit'] ?? 0).toBeGreaterThanOrEqual(presumed);
  });
});
