// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders are what a configuration holds
import { describe, expect, it } from 'vitest';
import { literalSecrets } from '../../src/config/literal-secrets.ts';
import { checkConfig, type ParseOptions } from '../../src/config/parse.ts';
import { isPrivateAddress } from '../../src/config/private-address.ts';
import { platforms } from '../../src/platforms/registry.ts';
import { secretsOf } from '../../src/secrets.ts';

const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const URL = 'https://crm.example.com/hook';
const channels = { kongregate: { platform: 'kongregate', apiKey: 'a-key' } };

const check = (webhook: object, secrets: ParseOptions['secrets'] = 'resolve', env = {}) =>
  checkConfig(
    { channels, webhooks: { crm: { url: URL, secret: SECRET, ...webhook } } },
    { platforms, secrets, env, readFile: () => '' },
  );

function problems(webhook: object): string[] {
  const checked = check(webhook);
  return 'problems' in checked ? checked.problems.map(({ path, message }) => `${path}: ${message}`) : [];
}

function parse(webhook: object, secrets: ParseOptions['secrets'] = 'resolve', env = {}) {
  const checked = check(webhook, secrets, env);
  if ('problems' in checked) throw new Error(JSON.stringify(checked.problems));
  return checked.config;
}

it('posts all receipts of all channels where nothing else is said', () => {
  expect(parse({}).webhooks).toEqual([
    {
      ...{ name: 'crm', url: URL, secrets: [SECRET], channels: ['kongregate'] },
      states: ['delivered', 'suppressed', 'dead'],
      ...{ timeoutMs: 10_000, concurrency: 10, privateAddresses: false },
    },
  ]);
});

it.each([
  [{ url: 'ftp://crm.example.com' }, 'url: expected an http or https URL without credentials or fragment'],
  [
    { url: 'https://a:b@crm.example.com' },
    'url: expected an http or https URL without credentials or fragment',
  ],
  [{ url: 'http://crm.example.com' }, 'url: must be an https URL, or privateAddresses must be true'],
  [
    { url: 'https://10.0.0.1/hook' },
    'url: is a private address: set privateAddresses to true if it is meant',
  ],
  [{ url: 'https://[::1]/hook' }, 'url: is a private address: set privateAddresses to true if it is meant'],
  [{ secret: 'whsec_c2hvcnQ=' }, 'secret: expected whsec_ and 24 to 64 bytes in base64'],
  [{ secret: [SECRET, SECRET, SECRET] }, 'secret: expected one secret, or two while one is replaced'],
  [{ channels: ['kongrgate'] }, 'channels: no channel "kongrgate" in this configuration'],
  [{ pace: 1 }, 'pace: '],
])('refuses %j, and quotes neither URL nor secret', (webhook, expected) => {
  const [found] = problems(webhook);
  expect(found).toContain(`webhooks.crm.${expected}`);
  expect(found).not.toMatch(/example|whsec_c2/);
});

it('takes one secret or two, resolved only by processes that send, and never shows them', () => {
  expect(parse({ secret: '${S}' }, 'skip').webhooks[0]!.secrets).toEqual(['${S}']);
  expect(parse({ secret: '${S}' }, 'webhooks', { S: SECRET }).webhooks[0]!.secrets).toEqual([SECRET]);
  const config = parse({ secret: [SECRET, '${S}'] }, 'resolve', { S: `${SECRET.slice(0, -2)}8=` });
  expect(config.webhooks[0]!.secrets).toHaveLength(2);
  expect(secretsOf(config)).toEqual(expect.arrayContaining([...config.webhooks[0]!.secrets]));
  const written = literalSecrets({ webhooks: { crm: { secret: ['${S}', SECRET] } } }, platforms);
  expect(written.map(({ path }) => path)).toEqual(['webhooks.crm.secret']);
});

describe('a private address', () => {
  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '169.254.169.254',
    '[::1]',
    'fd00::1',
    '::ffff:10.0.0.1',
    'fec0::1',
    '::10.0.0.1',
    '::1.1.1.1',
    '::ffff:0:10.0.0.1',
    'localhost',
    'a.localhost',
  ])('is %s', (host) => expect(isPrivateAddress(host)).toBe(true));
  it.each(['1.1.1.1', '172.32.0.1', '2606:4700::1111', '::ffff:1.1.1.1', 'example.com', 'notlocalhost'])(
    'is not %s',
    (host) => expect(isPrivateAddress(host)).toBe(false),
  );
});
