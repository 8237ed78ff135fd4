import { describe, expect } from 'vitest';
import { it } from '../support/scene.ts';
import { rideOut } from './outage.ts';

describe('Redis away for 5 s under load', () => {
  it('loses no message and doubles none', { timeout: 60_000 }, async ({ openScene }) => {
    const scene = await openScene({
      appendonly: true,
      sandbox: { faults: [{ kind: 'latency', latencyMs: 100 }] },
    });
    const tally = await rideOut(scene, { messages: 400, outageMs: 5_000, recoveredWithinMs: 30_000 });
    expect(tally['delivered/sent']).toBeGreaterThan(300);
  });
});
