import type { FollowedReceipt } from './follow.ts';

/** A gap before a receipt, as it is sent over HTTP. */
export interface GapJson {
  channel: string;
  /** How many receipts are missing: exactly if `exact`, else at least. */
  missing: number;
  exact: boolean;
}

export const gapJson = ({ channel, missing }: Pick<FollowedReceipt, 'channel' | 'missing'>): GapJson => ({
  channel,
  missing: missing?.count ?? 0,
  exact: missing?.exact ?? false,
});

/**
 * A receipt as it is sent over HTTP, to followers and webhooks. `at` is an ISO instant; the position in the stream (`entry`, `cursor`)
 * is left out.
 */
export function receiptJson(
  receipt: Omit<FollowedReceipt, 'cursor' | 'gap' | 'missing'>,
): Record<string, unknown> {
  const { channel, id, run, state, reason, at, attempts, platformMessageId, campaign, meta, to } = receipt;
  return {
    ...{ channel, id, run, state, reason, at: new Date(at).toISOString(), attempts },
    ...(platformMessageId === undefined ? {} : { platformMessageId }),
    ...(campaign === undefined ? {} : { campaign }),
    ...(meta === undefined ? {} : { meta }),
    ...(to === undefined ? {} : { to }),
  };
}
