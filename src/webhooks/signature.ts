import { createHmac } from 'node:crypto';

/**
 * The headers of Standard Webhooks (https://www.standardwebhooks.com): a receiver checks that a body is ours, and recent, and
 * knows by the id what it had before.
 */

/** What is signed, as `<id>.<timestamp>.<body>`. */
export interface Signed {
  /** Without a dot; the same whenever the same is posted again. */
  id: string;
  /** Of this request, seconds since the epoch. */
  timestamp: number;
  body: string;
}

const PREFIX = 'whsec_';

/**
 * Names and values in turn.
 * @param secrets each `whsec_` and its bytes in base64. Each of them signs: a receiver accepts any signature that it can check
 */
export function signatureHeaders({ id, timestamp, body }: Signed, secrets: readonly string[]): string[] {
  const content = `${id}.${timestamp}.${body}`;
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
    return `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
  });
  return [
    ...['webhook-id', id],
    ...['webhook-timestamp', String(timestamp)],
    ...['webhook-signature', signatures.join(' ')],
  ];
}
