import { describe, expect } from 'vitest';
import { it } from '../support/environment.ts';
import { rideOut } from './outage.ts';

/** Longer than a job lock: every job under way comes back, and meets its own record. */
describe('Redis away for 20 s under load', () => {
  it('loses no message and doubles none', { timeout: 180_000 }, async ({ openEnvironment }) => {
    const env = await openEnvironment({
      appendonly: true,
      sandbox: { faults: [{ kind: 'latency', latencyMs: 100 }] },
    });
    const tally = await rideOut(env, { messages: 2_000, outageMs: 20_000, recoveredWithinMs: 60_000 });
    expect(tally['delivered/sent']).toBeGreaterThan(1_900);
  });
});
