import { describe, expect } from 'vitest';
import { eventually } from '../../testing/eventually.ts';
import { metric } from '../../testing/metrics-parser.ts';
import { requestTimeout } from '../../testing/slowness.ts';
import { CHANNEL, it } from '../support/environment.ts';

const PLAYER = 11;

describe.concurrent('an attempt that fails before it reaches the platform', () => {
  it('is made again with backoff until the budget is gone', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const platform = await env.refusing();
    const worker = await env.worker({
      channel: { baseUrl: platform.baseUrl },
    });
    await env.send(PLAYER);
    expect(await env.agreed(1, [worker])).toEqual({ 'dead/exhausted': 1 });
    expect(await env.receipts()).toMatchObject([{ state: 'dead', reason: 'exhausted', attempts: 3 }]);
    const text = await worker.metrics();
    expect(metric(text, 'herald_attempts_total', { outcome: 'failed', reason: 'not_connected' })).toBe(3);
    expect(metric(text, 'herald_deferrals_total', { reason: 'retry' })).toBe(2);
    expect(await env.letters()).toMatchObject([{ reason: 'exhausted', run: 1, attempts: 3 }]);
  });

  it('gives its slot back: the next message of the player is delivered', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const platform = await env.refusing();
    const channel = {
      baseUrl: platform.baseUrl,
      retry: { attempts: 1, base: '20ms', cap: '50ms' },
    };
    const worker = await env.worker({ channel });
    await env.send(PLAYER);
    await env.settled(1);
    await platform.accept();
    await env.send(PLAYER);
    expect(await env.agreed(2, [worker])).toEqual({ 'dead/exhausted': 1, 'delivered/sent': 1 });
  });
});

describe.concurrent('a server that closes a kept connection as a request is written to it', () => {
  const faults = [{ kind: 'reset', reused: true }] as const;

  it('meets none where the doubt could not be resolved', async ({ openEnvironment }) => {
    const env = await openEnvironment({
      sandbox: { faults },
      channel: { onUnknown: 'keep', concurrency: 1 },
    });
    const worker = await env.worker();
    for (let i = 1; i <= 20; i += 1) await env.send(PLAYER + 10 * i);
    expect(await env.agreed(20, [worker])).toEqual({ 'delivered/sent': 20 });
    expect(env.sandbox.journal.report()).toMatchObject({ calls: 20, accepted: 20, faults: {} });
  });
});

describe.concurrent('an answer that leaves doubt', () => {
  it.for([
    ['a reset after acceptance', { kind: 'reset', accepted: true, count: 1 }, 'connection_lost'],
    ['a blank 200 after acceptance', { kind: 'blank', accepted: true, count: 1 }, 'unreadable_answer'],
    ['a 503 after acceptance', { kind: 'server_error', accepted: true, count: 1 }, 'server_error'],
    ['no answer after acceptance', { kind: 'hang', accepted: true, count: 1 }, 'timeout'],
  ] as const)('is resolved by sending again: %s', async ([, fault, reason], { openEnvironment }) => {
    // Only what never comes has to be waited for in vain; the second answer must not be too slow.
    const timeout = fault.kind === 'hang' ? requestTimeout(500) : requestTimeout(4_000);
    const env = await openEnvironment({ sandbox: { faults: [fault] }, channel: { timeout } });
    const worker = await env.worker();
    await env.send(PLAYER);
    expect(await env.agreed(1, [worker])).toEqual({ 'delivered/presumed': 1 });
    expect(await env.receipts()).toMatchObject([{ attempts: 2 }]);
    expect(env.sandbox.journal.report()).toMatchObject({ calls: 2, accepted: 1 });
    const text = await worker.metrics();
    expect(metric(text, 'herald_attempts_total', { outcome: 'unknown', reason })).toBe(1);
    expect(metric(text, 'herald_attempts_total', { outcome: 'delivered', reason: 'presumed' })).toBe(1);
    expect(metric(text, 'herald_unforeseen_refusals_total')).toBe(0);
  });

  it.for([
    ['a reset before acceptance', { kind: 'reset', count: 1 }],
    ['a blank 200 before acceptance', { kind: 'blank', count: 1 }],
  ] as const)('is sent again, and arrives then: %s', async ([, fault], { openEnvironment }) => {
    const env = await openEnvironment({ sandbox: { faults: [fault] } });
    const worker = await env.worker();
    await env.send(PLAYER);
    expect(await env.agreed(1, [worker])).toEqual({ 'delivered/sent': 1 });
    expect(env.sandbox.journal.report()).toMatchObject({ calls: 2, accepted: 1 });
  });

  it('keeps its slot for good when nothing resolves it', async ({ openEnvironment }) => {
    const env = await openEnvironment({ sandbox: { faults: [{ kind: 'reset', accepted: true, count: 1 }] } });
    const worker = await env.worker({ channel: { onUnknown: 'keep' } });
    await env.send(PLAYER);
    await env.settled(1);
    await env.send(PLAYER);
    expect(await env.agreed(2, [worker])).toEqual({ 'dead/unconfirmed': 1, 'suppressed/quota': 1 });
    expect(env.sandbox.journal.report()).toMatchObject({ calls: 1, accepted: 1 });
  });
});

describe.concurrent('a refusal', () => {
  it('of a player who has not played is remembered until the next play', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const worker = await env.worker();
    await env.send(17);
    await env.settled(1);
    await env.send(17);
    expect(await env.agreed(2, [worker])).toEqual({ 'suppressed/ineligible': 2 });
    expect(env.sandbox.journal.report().calls).toBe(1);

    env.sandbox.kongregate.players.set({ userId: 17, state: 'played' });
    await env.producer.recordPlay({ channel: CHANNEL, to: { userId: 17 }, at: new Date().toISOString() });
    await env.send(17);
    expect(await env.agreed(3, [worker])).toMatchObject({ 'delivered/sent': 1 });
  });

  it('of the recipient kills the message and gives the slot back', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const worker = await env.worker();
    await env.send(20);
    await env.settled(1);
    env.sandbox.kongregate.players.set({ userId: 20, state: 'played' });
    await env.send(20);
    expect(await env.agreed(2, [worker])).toEqual({ 'dead/bad_recipient': 1, 'delivered/sent': 1 });
  });

  it('for a quota that somebody else used up is unforeseen, and spends the slot', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment();
    await foreignMessage(env.sandbox.url, PLAYER);
    const worker = await env.worker();
    await env.send(PLAYER);
    await env.settled(1);
    await env.send(PLAYER);
    expect(await env.agreed(2, [worker])).toEqual({ 'suppressed/quota': 2 });
    const text = await worker.metrics();
    expect(metric(text, 'herald_unforeseen_refusals_total')).toBe(1);
    expect(metric(text, 'herald_attempts_total', { outcome: 'throttled', reason: 'quota_refused' })).toBe(1);
    // The foreign call, and the one that was refused: the second message learned from it.
    expect(env.sandbox.journal.report()).toMatchObject({ calls: 2, accepted: 1 });
  });

  it('for a quota on a channel that keeps none suppresses the message, after one call', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment();
    await foreignMessage(env.sandbox.url, PLAYER);
    const worker = await env.worker({ channel: { quota: false } });
    await env.send(PLAYER, { onQuota: 'defer' });
    expect(await env.agreed(1, [worker])).toEqual({ 'suppressed/quota': 1 });
    expect(env.sandbox.journal.report()).toMatchObject({ calls: 2, accepted: 1 });
    const text = await worker.metrics();
    expect(metric(text, 'herald_unforeseen_refusals_total')).toBe(1);
  });

  it('for a foreign quota defers a message that asks for it', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    await foreignMessage(env.sandbox.url, PLAYER);
    const worker = await env.worker();
    await env.send(PLAYER, { onQuota: 'defer', expiresAt: new Date(Date.now() + 10 ** 11).toISOString() });
    const waiting = async () =>
      metric(await worker.metrics(), 'herald_deferrals_total', { reason: 'slot_busy' });
    await eventually('the message to wait for the next window', waiting, (count) => count === 1);
    expect(await env.queue.getDelayedCount()).toBe(1);
    expect(await env.receipts()).toEqual([]);
  });
});

/** What another program with the same key sends to one of our players. */
async function foreignMessage(sandbox: string, userId: number): Promise<void> {
  const response = await fetch(`${sandbox}/kongregate/api/private_message.json`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ api_key: 'sandbox-key', user_id: userId, content: 'from elsewhere' }),
  });
  expect(await response.json()).toEqual({ success: true });
}
