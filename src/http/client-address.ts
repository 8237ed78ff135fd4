import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

type Request = Pick<IncomingMessage, 'headers'> & { socket: { remoteAddress?: string | undefined } };

/**
 * The address that a request comes from. Each proxy adds to `X-Forwarded-For` whom it was asked by, so behind so many of them the
 * address is that many places from the right; what stands further left, anybody may have written.
 * @param proxies how many are between clients and this server, all of them trusted; 0 for none
 * @returns the connection's own where the header has no such address, and `''` where it has ended
 */
export function clientAddress({ headers, socket }: Request, proxies: number): string {
  const peer = socket.remoteAddress ?? '';
  if (proxies === 0) return peer;
  const forwarded = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',');
  const address = forwarded.at(-proxies)?.trim() ?? '';
  return isIP(address) === 0 ? peer : address;
}
