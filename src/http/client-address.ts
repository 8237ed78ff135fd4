import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

type Request = Pick<IncomingMessage, 'headers'> & { socket: { remoteAddress?: string | undefined } };

/**
 * The address that a request comes from. Each proxy appends its peer's address to `X-Forwarded-For`, so behind n trusted proxies the
 * client is the n-th address from the right; anybody may have written what stands further left.
 * @param proxies how many trusted proxies are between clients and this server; 0 for none
 * @returns the address of the connection if the header has none, and `''` if the connection has ended
 */
export function clientAddress({ headers, socket }: Request, proxies: number): string {
  const peer = socket.remoteAddress ?? '';
  if (proxies === 0) return peer;
  const forwarded = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',');
  const address = forwarded.at(-proxies)?.trim() ?? '';
  return isIP(address) === 0 ? peer : address;
}
