import { readdirSync, readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { checkDirectoryPermissions, checkPermissions, SCRIPTED } from '../../src/ledger/permissions.ts';
import { channelStore } from '../../src/redis/channel-store.ts';
import { useStore } from './harness.ts';

const store = useStore();
const CHANNEL = 'allowed';

/** A user of worker rights but for these. */
async function restricted(...rules: string[]): Promise<Redis> {
  await store.redis.call(
    'ACL',
    'SETUSER',
    'limited',
    'reset',
    'on',
    '>secret',
    '~herald:*',
    '+@all',
    ...rules,
  );
  const { host, port } = store.redis.options;
  return new Redis({ host: host!, port: port!, username: 'limited', password: 'secret' });
}

it.each(['INFO', 'TIME', 'XADD', 'ZADD', 'HSET', 'EVALSHA', 'BZPOPMIN', 'RPOPLPUSH'])(
  'names %s where the user may not run it',
  async (command) => {
    const redis = await restricted(`-${command.toLowerCase()}`);
    const failure = await checkPermissions(channelStore(redis, CHANNEL)).catch((error: unknown) => error);
    redis.disconnect();
    expect(failure).toMatchObject({ name: 'PermissionError' });
    expect((failure as { missing: string[] }).missing).toContain(command);
    expect(String(failure)).toContain(command);
  },
);

it('finds a user who may do all that workers do, and leaves nothing behind', async () => {
  const redis = await restricted('-@dangerous', '+info');
  await checkPermissions(channelStore(redis, CHANNEL));
  redis.disconnect();
  expect(await store.redis.keys('*permissions*')).toEqual([]);
});

it.each([
  ['the keys of the directory', ['~herald:channels'], 'HSET'],
  ['the registry of channels', ['~herald:{herald:channels}:*'], 'HGETALL'],
])('names what a user may not do who may not use %s', async (_, allowed, missing) => {
  const redis = await restricted('resetkeys', `~herald:{${CHANNEL}}:*`, ...allowed);
  await checkPermissions(channelStore(redis, CHANNEL));
  const failure = await checkDirectoryPermissions(redis).catch((error: unknown) => error);
  redis.disconnect();
  expect(failure).toMatchObject({
    name: 'PermissionError',
    missing: expect.arrayContaining([missing]),
    message: expect.stringMatching(/ on keys of herald:\*$/),
  });
});

it('finds a user who may use the directory, and leaves it as it was', async () => {
  await store.redis.hset('herald:channels', CHANNEL, '{}');
  const redis = await restricted('resetkeys', '~herald:channels', '~herald:{herald:channels}:*');
  await checkDirectoryPermissions(redis);
  redis.disconnect();
  expect(await store.redis.keys('*herald:channels*')).toEqual(['herald:channels']);
  expect(await store.redis.hgetall('herald:channels')).toEqual({ [CHANNEL]: '{}' });
});

it('tries every command that a script runs', () => {
  const folders = [
    '../../src/ledger/lua/',
    '../../src/jobs/lua/',
    '../../node_modules/bullmq/dist/esm/scripts/',
  ];
  const run = new Set<string>();
  for (const folder of folders.map((path) => new URL(path, import.meta.url))) {
    for (const file of readdirSync(folder)) {
      if (!/\.(lua|js)$/.test(file)) continue;
      const text = readFileSync(new URL(file, folder), 'utf8');
      for (const [, name] of text.matchAll(/(?:rcall|(?:redis|store)\.p?call)\(['"]([A-Z]+)/g))
        run.add(name!);
    }
  }
  const tried = new Set(SCRIPTED.map(([name]) => name));
  expect([...run].filter((name) => !tried.has(name))).toEqual([]);
});
