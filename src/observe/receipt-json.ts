import type { FollowedReceipt } from './follow-receipts.ts';

/**
 * A receipt as it leaves over HTTP: to followers and to webhooks. `at` is an ISO instant; where the stream a receipt was read
 * from stands in it (`entry`, `cursor`) is left out.
 */
export function receiptJson(receipt: Omit<FollowedReceipt, 'cursor' | 'gap'>): Record<string, unknown> {
  const { channel, id, run, state, reason, at, attempts, platformMessageId, campaign, meta, to } = receipt;
  return {
    ...{ channel, id, run, state, reason, at: new Date(at).toISOString(), attempts },
    ...(platformMessageId === undefined ? {} : { platformMessageId }),
    ...(campaign === undefined ? {} : { campaign }),
    ...(meta === undefined ? {} : { meta }),
    ...(to === undefined ? {} : { to }),
  };
}
