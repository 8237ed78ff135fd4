import type { FollowedReceipt } from './follow-receipts.ts';

/** A gap before a receipt, as it leaves over HTTP. */
export interface GapJson {
  channel: string;
  /** Exactly so many receipts where `exact`, else at least. */
  missing: number;
  exact: boolean;
}

export const gapJson = ({ channel, missing }: Pick<FollowedReceipt, 'channel' | 'missing'>): GapJson => ({
  channel,
  missing: missing?.count ?? 0,
  exact: missing?.exact ?? false,
});

/**
 * A receipt as it leaves over HTTP: to followers and to webhooks. `at` is an ISO instant; where the stream a receipt was read
 * from stands in it (`entry`, `cursor`) is left out.
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
