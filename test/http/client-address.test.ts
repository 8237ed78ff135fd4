import { expect, it } from 'vitest';
import { clientAddress } from '../../src/http/client-address.ts';

const PROXY = '10.0.0.9';
const from = (forwarded: string | undefined, proxies: number): string =>
  clientAddress({ headers: { 'x-forwarded-for': forwarded }, socket: { remoteAddress: PROXY } }, proxies);

it.each([
  ['believes nothing where no proxy is trusted', '1.1.1.1', 0, PROXY],
  ['takes what the proxy added, and not what the client had written', '6.6.6.6, 1.1.1.1', 1, '1.1.1.1'],
  ['takes what the outer of two proxies added', '6.6.6.6, 1.1.1.1,10.0.0.8', 2, '1.1.1.1'],
  ['takes IPv6', '2001:db8::1', 1, '2001:db8::1'],
  ['is the connection where there is no header', undefined, 1, PROXY],
  ['is the connection where fewer proxies were passed', '6.6.6.6', 2, PROXY],
  ['is the connection where there is no address', '6.6.6.6, unknown', 1, PROXY],
  ['is the connection where the address has a port', '1.1.1.1:80', 1, PROXY],
])('%s', (_, forwarded, proxies, address) => {
  expect(from(forwarded, proxies)).toBe(address);
});

it('is nothing where the connection has ended', () => {
  expect(clientAddress({ headers: {}, socket: {} }, 1)).toBe('');
});
