import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isPrivateAddress } from '../config/private-address.ts';

/**
 * Resolves a name to its public addresses only. The connecting socket itself calls it, so that a second answer of the resolver cannot
 * lead elsewhere than the one that was checked (DNS rebinding).
 */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    const [first, ...rest] = error ? [] : addresses.filter(({ address }) => !isPrivateAddress(address));
    if (error) callback(error, []);
    else if (!first) callback(refused(), []);
    else if (options.all) callback(null, [first, ...rest]);
    else callback(null, first.address, first.family);
  });
};

const refused = (): NodeJS.ErrnoException =>
  Object.assign(new Error('the name resolves to private addresses only'), { code: 'PRIVATE_ADDRESS' });
