import { scryptSync } from 'node:crypto';
import type { ChannelConfig } from '../config/channel-schema.ts';
import type { PlatformDefinition } from '../platforms/port.ts';

/**
 * Fingerprints a channel's credentials, to recognize the ones that the platform refused without storing them: with scrypt,
 * so that the fingerprint in Redis cannot be reversed. About 50 ms, once per start and channel.
 * @param cost of scrypt, a power of two; Node's default when absent
 */
export function credentialsFingerprint(
  channel: ChannelConfig,
  { secrets, sender = [], account }: PlatformDefinition,
  cost: number | undefined,
): string {
  const values = [...secrets, ...sender].map((name) => [name, String(channel.settings[name])]);
  // A valid key for the wrong account or address is refused, too.
  values.push(['account', account(channel.settings)], ['baseUrl', channel.baseUrl]);
  const salt = `herald:${channel.platform}:${channel.name}`;
  return scryptSync(JSON.stringify(values), salt, 12, cost === undefined ? {} : { cost }).toString(
    'base64url',
  );
}
