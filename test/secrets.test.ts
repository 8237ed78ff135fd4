import { expect, it } from 'vitest';
import type { HeraldConfig } from '../src/config/schema.ts';
import type { Platforms } from '../src/message/schema.ts';
import { secretsOf } from '../src/secrets.ts';

it('takes no secret that was left out for the word undefined', () => {
  const platforms = { own: { secrets: ['apiKey', 'second'] } } as unknown as Platforms;
  const channels = [{ platform: 'own', settings: { apiKey: 'key-of-own' } }];
  const config = { channels, webhooks: [], redis: 'redis://127.0.0.1' } as unknown as HeraldConfig;
  expect(secretsOf(config, platforms)).toEqual(['key-of-own']);
});
