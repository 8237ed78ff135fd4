import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { baseUrlField, secretField } from '../../src/platforms/channel-fields.ts';
import { platforms } from '../../src/platforms/registry.ts';

describe('the address of a platform', () => {
  it('is wrong in one way where it is no URL', () => {
    expect(baseUrlField.safeParse('chat.example.com').error?.issues.map(({ message }) => message)).toEqual([
      'must be an https URL (http only to this machine)',
    ]);
  });

  it.each([
    'https://chat.example.com',
    'https://chat.example.com:8443/base/',
    'http://localhost:8080/api',
    'http://LOCALHOST',
    'http://127.0.0.1:1',
    'http://127.3.2.1',
    // Other ways of writing 127.0.0.1, which the parser of URLs makes one.
    'http://127.1',
    'http://0x7f000001',
    'http://2130706433',
    'http://[::1]:8080',
    'http://[0:0:0:0:0:0:0:1]',
  ])('may be %s', (url) => {
    expect(baseUrlField.safeParse(url).success).toBe(true);
  });

  it.each([
    'http://example.com',
    'http://localhost.evil.example',
    'http://evil.localhost',
    'http://evillocalhost',
    'http://evil.localhost.example',
    'http://127.0.0.1.evil',
    'http://127.0.0.1.evil.example',
    'http://localhost@evil.example',
    'http://127.0.0.1:80@evil.example',
    'http://evil.example#localhost',
    'http://evil.example/127.0.0.1',
    'http://evil.example\\@127.0.0.1',
    // All addresses of this machine, and what a network may route elsewhere.
    'http://0.0.0.0',
    'http://0',
    'http://[::]',
    'http://[::ffff:7f00:1]',
    'http://128.0.0.1',
    'http://10.0.0.1',
    'http://localhost\u3002evil.example',
    'ftp://localhost',
    'ws://localhost',
    'file:///etc/passwd',
    '//localhost',
    'localhost:8080',
    '',
  ])('cannot be %s, where a key would travel in the clear', (url) => {
    expect(baseUrlField.safeParse(url).error?.issues[0]?.message).toContain('must be an https URL');
  });

  it.each([
    'https://user@example.com',
    'https://:key@example.com',
    'http://user:key@127.0.0.1',
    'https://example.com/?key=x',
    'https://example.com/#x',
  ])('holds no credentials, query or fragment: %s', (url) => {
    expect(baseUrlField.safeParse(url).error?.issues[0]?.message).toContain('must hold no credentials');
  });
});

it('takes no key that would end a header', () => {
  expect(secretField.parse(' key\n')).toBe('key');
  for (const bad of ['', ' ', 'a\nb', 'a\r\nX-Injected: 1', 'a\0b', 'a\u007fb'])
    expect(secretField.safeParse(bad).success).toBe(false);
});

it('takes no key that no header carries', () => {
  for (const bad of ['schlüssel', 'ключ', 'key\u200b', 'a\u2028b', '“key”', 'k🎮', 'a\ud83d'])
    expect(secretField.safeParse(bad).success).toBe(false);
});

describe.each(Object.values(platforms))('what $name is sent with', (definition) => {
  const shape = z.object(definition.channelShape as z.ZodRawShape);
  const good = {
    baseUrl: 'https://platform.example',
    apiKey: 'key',
    email: 'bot@example.com',
    apiUsername: 'system',
  };
  const fields = ['apiKey', 'email', 'apiUsername'].filter((field) => field in definition.channelShape);

  it.each(fields)('is refused by name where no header can carry it: %s', (field) => {
    expect(shape.safeParse(good).error?.issues ?? []).toEqual([]);
    for (const bad of ['jürgen@example.com', 'key\u200b@example.com', 'ключ', 'a\r\nb@example.com']) {
      const problem = shape.safeParse({ ...good, [field]: bad }).error?.issues[0];
      expect(problem?.path).toEqual([field]);
      expect(problem?.message).not.toContain(bad);
    }
  });
});
