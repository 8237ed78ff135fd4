import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TOKEN_USES_KEY, TOKENS_KEY } from '../../src/redis/keys.ts';
import { type RedisServer, startRedis } from '../../src/sandbox/redis-server.ts';
import {
  createToken,
  dropFormerSecret,
  listTokens,
  revokeToken,
  rotateToken,
} from '../../src/tokens/token-admin.ts';
import { createVerifier } from '../../src/tokens/verify.ts';

let server: RedisServer;
let redis: Redis;
beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

let now = 1_000_000;
const verify = createVerifier({
  configured: [],
  clock: { now: () => now },
  store: {
    find: (id) => redis.hget(TOKENS_KEY, id),
    used: (id, at) => void redis.hset(TOKEN_USES_KEY, id, at),
  },
});

describe('a token', () => {
  it('is prefixed, says what it is for, and is kept as a digest only', async () => {
    const { id, token } = await createToken(
      redis,
      { name: 'shop', scopes: ['send'], channels: ['forum'] },
      now,
    );
    expect(token).toMatch(/^herald_[0-9a-f]{12}_[\w-]{43}$/);
    expect(await verify(token)).toEqual({ id, name: 'shop', scopes: ['send'], channels: ['forum'] });
    expect(JSON.stringify(await redis.hgetall(TOKENS_KEY))).not.toContain(token.slice(-43));
    expect(await listTokens(redis)).toMatchObject([{ id, lastUsedAt: now, secrets: 1 }]);
  });

  it('is not made of what it could not be read from, and would open nothing', async () => {
    const wrong = [{ scopes: ['all'] }, { channels: 'forum' }, { expiresAt: new Date(now) }];
    for (const fields of wrong) {
      const [name] = Object.keys(fields);
      const token = { name: 'shop', scopes: ['send'], ...fields } as never;
      await expect(createToken(redis, token, now)).rejects.toThrow(new RegExp(`^${name}[.:]`));
    }
  });

  it('has two secrets after a rotation, until the former is dropped or it is rotated again', async () => {
    const first = await createToken(redis, { name: 'a', scopes: ['read'] }, now);
    const second = await rotateToken(redis, first.id, now);
    const valid = async (...tokens: string[]) => (await Promise.all(tokens.map(verify))).map(Boolean);
    expect(await valid(first.token, second.token)).toEqual([true, true]);
    await dropFormerSecret(redis, first.id);
    expect(await valid(first.token, second.token)).toEqual([false, true]);
    const both = await Promise.all([rotateToken(redis, first.id, now), rotateToken(redis, first.id, now)]);
    expect(await valid(second.token, ...both.map(({ token }) => token))).toEqual([false, true, true]);
  });

  it('opens nothing once it was revoked or has expired', async () => {
    const gone = await createToken(redis, { name: 'gone', scopes: ['send'] }, now);
    expect(await verify(gone.token)).toBeDefined();
    expect([await revokeToken(redis, gone.id), await revokeToken(redis, gone.id)]).toEqual([true, false]);
    expect(await verify(gone.token)).toBeUndefined();
    await expect(rotateToken(redis, gone.id, now)).rejects.toThrow('No token has the id');
    const brief = await createToken(redis, { name: 'brief', scopes: ['send'], expiresAt: now + 10 }, now);
    expect(await verify(brief.token)).toBeDefined();
    now += 10;
    expect(await verify(brief.token)).toBeUndefined();
  });

  it.each(['', 'herald_', 'x'.repeat(500), `herald_0123456789ab_${'a'.repeat(43)}`])(
    'is not %j',
    async (text) => {
      expect(await verify(text)).toBeUndefined();
    },
  );
});
