import { createHash } from 'node:crypto';
import type { FollowedReceipt } from '../receipts/follow.ts';
import { receiptJson } from '../receipts/json.ts';

/** What is posted of a receipt. */
export interface Payload {
  /** The same whenever this receipt is posted again, and no other's. */
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

/** A message's id may be used again a day after its end: the instant tells its ends apart. */
export function webhookId({ channel, id, run, at }: Pick<FollowedReceipt, 'channel' | 'id' | 'run' | 'at'>) {
  const named = createHash('sha256')
    .update(JSON.stringify([channel, id, run, at]))
    .digest('base64url');
  return `receipt_${named.slice(0, ID_CHARACTERS)}`;
}
