import { expect, it } from 'vitest';
import type { PlatformDefinition } from '../../src/platforms/port.ts';
import { platforms } from '../../src/platforms/registry.ts';
import { credentialsFingerprint } from '../../src/workers/credentials.ts';
import { channelConfig } from '../config/channel-config.ts';

const definition = platforms.kongregate as unknown as PlatformDefinition;
const fingerprint = (apiKey: string, cost?: number): string =>
  credentialsFingerprint({ ...channel, settings: { ...channel.settings, apiKey } }, definition, cost);
const channel = channelConfig({});

it('is the same for the same credentials, and another for others', () => {
  expect(fingerprint('key')).toBe(fingerprint('key'));
  expect(fingerprint('key')).not.toBe(fingerprint('other'));
  expect(fingerprint('key')).not.toContain('key');
});

it('costs what Node takes for right, unless less is asked for', () => {
  expect(fingerprint('key')).toBe(fingerprint('key', 16_384));
  expect(fingerprint('key')).not.toBe(fingerprint('key', 2));
});
