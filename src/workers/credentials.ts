import { scryptSync } from 'node:crypto';
import type { ChannelConfig } from '../config/schema.ts';
import type { PlatformDefinition } from '../platforms/port.ts';

/**
 * Tells whether a channel's credentials are the ones that the platform refused, without keeping them: scrypt, so that
 * what is in Redis cannot be turned back into a key. Some 50 ms, once a start and channel.
 */
export function credentialsFingerprint(
  channel: ChannelConfig,
  { secrets, sender = [], account }: PlatformDefinition,
): string {
  const values = [...secrets, ...sender].map((name) => [name, String(channel.settings[name])]);
  // A good key for the wrong account or address is refused, too.
  values.push(['account', account(channel.settings)], ['baseUrl', channel.baseUrl]);
  const salt = `herald:${channel.platform}:${channel.name}`;
  return scryptSync(JSON.stringify(values), salt, 12).toString('base64url');
}
