import { createHash } from 'node:crypto';
import type { FollowedReceipt } from '../receipts/follow.ts';
import { receiptJson } from '../receipts/json.ts';

/** A receipt as it is posted. */
export interface Payload {
  /** Unique to the receipt, and the same whenever it is posted again. */
  id: string;
  body: string;
}

/** @returns `{ "type": "receipt.delivered", "timestamp": instant, "data": the receipt }` as the body */
export function payloadOf(receipt: FollowedReceipt): Payload {
  const data = receiptJson(receipt);
  return {
    id: webhookId(receipt),
    body: JSON.stringify({ type: `receipt.${receipt.state}`, timestamp: data['at'], data }),
  };
}

const ID_CHARACTERS = 24;

/** Includes the instant, since a message's id may be used again a day after its end. */
export function webhookId({ channel, id, run, at }: Pick<FollowedReceipt, 'channel' | 'id' | 'run' | 'at'>) {
  const named = createHash('sha256')
    .update(JSON.stringify([channel, id, run, at]))
    .digest('base64url');
  return `receipt_${named.slice(0, ID_CHARACTERS)}`;
}
