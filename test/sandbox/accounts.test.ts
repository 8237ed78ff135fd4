import { expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse.ts';
import type { CommonChannelSettings, PlatformDefinition } from '../../src/platforms/port.ts';
import { platforms } from '../../src/platforms/registry.ts';
import { accountChannels, accountOptions } from '../../src/sandbox/accounts.ts';
import { startSandbox } from '../../src/sandbox/index.ts';

const definitions: Readonly<Record<string, unknown>> = platforms;

const TO: Record<string, object> = {
  kongregate: { userId: 31 },
  zulip: { userIds: [31] },
  discourse: { usernames: ['player31'] },
  usercom: { userId: 31 },
};

/** Sends one message by the channel as herald.yaml would have it. */
async function send(name: string, channels: object) {
  const config = parseConfig({ channels }, { platforms, env: {}, secrets: 'resolve', readFile: () => '' });
  const channel = config.channels.find((one) => one.name === name)!;
  const settings = { ...channel.settings, timeoutMs: 5_000, concurrency: 1 } as CommonChannelSettings;
  const client = (definitions[name] as PlatformDefinition<object, object>).connect(settings, {});
  const message = { to: TO[name], title: 'News of the day', content: 'Hello, player' };
  const request = {
    message,
    content: message.content,
    attempt: 1,
    id: 'm-1',
    idempotencyKey: () => 'f'.repeat(32),
  };
  const { signal } = new AbortController();
  return await client.send({ ...request, signal } as never).finally(() => client.close());
}

it.each(Object.keys(TO))('names a channel of %s that the sandbox serves, and no other key', async (name) => {
  const sandbox = await startSandbox(accountOptions(['mine', 'also mine']));
  try {
    expect(await send(name, accountChannels(sandbox.url, 'also mine'))).toMatchObject({ kind: 'delivered' });
    expect(await send(name, accountChannels(sandbox.url))).toMatchObject({ kind: 'throttled' });
    expect(sandbox.journal.report(name)).toMatchObject({ accepted: 1, results: { bad_credentials: 1 } });
  } finally {
    await sandbox.close();
  }
});

it('agrees with itself when no key is given', async () => {
  const sandbox = await startSandbox(accountOptions());
  for (const name of Object.keys(TO))
    expect(await send(name, accountChannels(sandbox.url))).toMatchObject({ kind: 'delivered' });
  await sandbox.close();
});
