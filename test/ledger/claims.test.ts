import { describe, expect, it } from 'vitest';
import { createClaims } from '../../src/ledger/claims.ts';
import { createLedgerCalls, joinCalls, type Ledger } from '../../src/ledger/ledger.ts';
import { messageKey } from '../../src/ledger/names.ts';
import { DAY, type Lab, MINUTE, openLab, SECOND, SENT, useStore } from './harness.ts';

const store = useStore();
const ours = (id: string): string => messageKey(id);
const claimsOf = (lab: Lab) => createClaims(lab.store, 10 * MINUTE);

/** A worker's ledger on the lab's channel, of a platform without keys of ours. */
const claimingLedger = (lab: Lab): Ledger =>
  joinCalls(
    createLedgerCalls({
      store: lab.store,
      policyAround: () =>
        JSON.stringify({
          ...{ quota: false, playTtl: DAY, platformDay: DAY, inForce: 'lab' },
          ...{ lease: 10 * SECOND, ahead: SECOND, attempts: 3 },
        }),
      playTtlMs: DAY,
      platformDayMs: DAY,
      keepReceipts: 1000,
      claimTtlMs: 10 * MINUTE,
      slotMs: undefined,
      credentials: 'c',
      clock: { now: () => 0, monotonic: () => 0 },
    }),
  );

describe('claims of messages on the platform', () => {
  it('give each to one of ours, the likeliest first', async () => {
    const claims = claimsOf(await openLab(store));
    expect(await claims.claim(ours('a'), ['41', '42'])).toBe('41');
    expect(await claims.claim(ours('b'), ['41', '42'])).toBe('42');
    expect(await claims.claim(ours('c'), ['41', '42'])).toBeUndefined();
  });

  it('answer the same again to the same message', async () => {
    const claims = claimsOf(await openLab(store));
    expect(await claims.claim(ours('a'), ['42'])).toBe('42');
    expect(await claims.claim(ours('a'), ['41', '42'])).toBe('42');
    expect(await claims.claim(ours('b'), ['41'])).toBe('41');
  });

  it('are made by every delivery of a channel that tells messages by their text', async () => {
    const lab = await openLab(store);
    const claims = claimsOf(lab);
    const ledger = claimingLedger(lab);
    const message = lab.message({ id: 'a' });
    const { nonce } = await ledger.admit(message);
    await ledger.settle({ message, nonce, effect: 'delivered', final: SENT, platformMessageId: '42' });
    expect(await claims.claim(ours('b'), ['42'])).toBeUndefined();
    expect(await claims.claim(ours('a'), ['42'])).toBe('42');
  });

  it('are not kept for channels that need none', async () => {
    const lab = await openLab(store);
    const message = lab.message({ id: 'a' });
    await lab.settle(message, await lab.grant(message), 'delivered', {
      final: SENT,
      platformMessageId: '42',
    });
    expect(await store.redis.exists(`${lab.base}:c`, `${lab.base}:c:0`)).toBe(0);
  });

  it('are forgotten in time', async () => {
    const claims = createClaims((await openLab(store)).store, 1);
    expect(await claims.claim(ours('a'), ['42'])).toBe('42');
    await store.until((await store.now()) + 5);
    expect(await claims.claim(ours('b'), ['42'])).toBe('42');
  });
});
