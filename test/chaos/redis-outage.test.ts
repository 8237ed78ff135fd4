import { describe, expect } from 'vitest';
import { elapse } from '../support/eventually.ts';
import { it } from '../support/scene.ts';
import { rideOut } from './outage.ts';

describe.concurrent('Redis away for 5 s under load', () => {
  it('loses no message and doubles none', async ({ openScene }) => {
    const scene = await openScene({
      appendonly: true,
      sandbox: { faults: [{ kind: 'latency', latencyMs: 100 }] },
    });
    const tally = await rideOut(scene, { messages: 400, outageMs: 5_000, recoveredWithinMs: 30_000 });
    expect(tally['delivered/sent']).toBeGreaterThan(300);
  });
});

describe.concurrent('connections that break again and again', () => {
  it('lose no message and double none', async ({ openScene }) => {
    const scene = await openScene({ sandbox: { faults: [{ kind: 'latency', latencyMs: 30 }] } });
    const { journal } = scene.sandbox;
    const workers = [await scene.worker(), await scene.worker()];
    const messages = 300;
    const players = Array.from({ length: messages }, (_, i) => Math.floor(i / 5) * 10 + (i % 5) + 1);
    const sent = scene.producer.sendMany(
      players.map((userId) => ({ platform: 'kongregate' as const, to: { userId }, content: 'Hello' })),
    );
    let breaks = 0;
    while (journal.report().calls < messages * 0.8 && breaks < 200) {
      await scene.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      breaks += 1;
      await elapse(40);
    }
    expect(breaks).toBeGreaterThan(5);
    expect(await sent).toMatchObject({ queued: messages, duplicate: 0 });
    const tally = await scene.agreed(messages, workers, { withinMs: 40_000 });
    const presumed = tally['delivered/presumed'] ?? 0;
    expect((tally['delivered/sent'] ?? 0) + presumed).toBe(messages);
    expect(journal.report()).toMatchObject({ accepted: messages, acceptedMoreThanOnce: 0 });
    expect(journal.report().results['daily_limit'] ?? 0).toBe(presumed);
  });
});
