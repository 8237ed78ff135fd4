import { describe, expect } from 'vitest';
import { readDeadLetters } from '../../src/dead-letters/records.ts';
import type { Fault } from '../../src/sandbox/index.ts';
import { eventually } from '../../testing/eventually.ts';
import { it } from './platforms-environment.ts';

const ended = (receipts: readonly { state: string; reason: string }[]): string[] =>
  receipts.map(({ state, reason }) => `${state}/${reason}`).toSorted();

describe.concurrent('a Zulip bot that may not read', () => {
  const channels = { zulip: { email: 'hook@example.com', apiKey: 'hook-key' } };

  it('is told of at the start, delivers, and keeps its doubts instead of asking for ever', async ({
    openPlatforms,
  }) => {
    const env = await openPlatforms({
      channels,
      sandbox: { zulip: { webhookBots: ['hook@example.com:hook-key'] } },
    });
    await env.send({ platform: 'zulip', to: { userIds: [1] }, content: 'Hello' });
    await env.settled('zulip', 1);
    env.sandbox.faults.add({ kind: 'reset', accepted: true, count: 1 });
    await env.send({ platform: 'zulip', to: { userIds: [2] }, content: 'Hello' });
    // Long before patience ends.
    expect(ended(await env.settled('zulip', 2))).toEqual(['dead/unconfirmed', 'delivered/sent']);
    expect(env.log()).toMatch(/"level":"warn".*Generic bot.*"platform account checked"/);
    // The line of a final state follows its receipt.
    await eventually(
      'the line of the end',
      () => env.log(),
      (log) => /"unconfirmed".*Generic bot/.test(log),
    );
    expect(env.sandbox.zulip.messages).toHaveLength(2);
  });
});

describe.concurrent('something that answers in the place of the platform', () => {
  const page = '<html><head><title>Log in – Example</title></head></html>';
  const answers: [string, Fault, string[]][] = [
    [
      'a redirect',
      { kind: 'answer', status: 301, headers: { location: 'https://www.example.com/chat?key=sandbox-key' } },
      ['HTTP 301 to https://www.example.com/chat,', 'check baseUrl'],
    ],
    [
      'a login page',
      { kind: 'answer', status: 200, headers: { 'content-type': 'text/html' }, body: page },
      ['HTTP 200', 'text/html', 'Log in – Example'],
    ],
  ];
  const messages = {
    kongregate: { to: { userId: 1 } },
    zulip: { to: { userIds: [1] } },
    discourse: { to: { usernames: ['ann'] }, title: 'News' },
    usercom: { to: { userId: 1 } },
  };
  const cases = answers.flatMap(([what, fault, words]) =>
    Object.entries(messages).map(([platform, fields]) => [platform, what, fault, fields, words] as const),
  );

  it.for(cases)(
    '%s: %s is told of in the letter',
    async ([platform, , fault, fields, words], { openPlatforms }) => {
      const quick = { patience: '1s', retry: { attempts: 2, base: '20ms', cap: '50ms' }, timeout: '1s' };
      const env = await openPlatforms({ channels: { [platform]: quick } });
      env.sandbox.faults.add(fault, { ...fault, of: 'lookup' } as Fault);
      await env.send({ platform, ...fields, content: 'A body that is long enough' } as never);
      expect(ended(await env.settled(platform, 1))).toEqual(['dead/unconfirmed']);
      const store = env.store(platform);
      const names = await store.redis.hkeys(store.keys.deadLetters);
      const [letter] = await readDeadLetters(store, names);
      for (const word of words) expect(letter?.detail).toContain(word);
      expect(letter?.detail).not.toContain('sandbox-key');
    },
  );
});

describe.concurrent('a Zulip server before 7.0', () => {
  it('kills no message of a channel that nobody told of its age', async ({ openPlatforms }) => {
    const env = await openPlatforms({
      channels: { zulip: {} },
      sandbox: { zulip: { old: true } },
    });
    const people = [1, 2, 3, 20];
    for (const id of people) await env.send({ platform: 'zulip', to: { userIds: [id] }, content: 'Hello' });
    expect(ended(await env.settled('zulip', 4))).toEqual([
      'dead/bad_recipient',
      ...Array(3).fill('delivered/sent'),
    ]);
  });
});

describe.concurrent('a refusal of User.com', () => {
  const conversation = (conversationId: number) => ({
    platform: 'usercom',
    to: { conversationId },
    content: 'Hello',
  });
  const into = (fields: Record<string, unknown> = {}) => ({
    usercom: { addressing: 'conversationId', concurrency: 1, ...fields },
  });

  it('of one conversation ends one message, and no other waits', async ({ openPlatforms }) => {
    const env = await openPlatforms({ channels: into() });
    for (const id of [1, 1403, 2, 2403, 3]) await env.send(conversation(id));
    expect(ended(await env.settled('usercom', 5))).toEqual([
      ...Array(2).fill('dead/bad_recipient'),
      ...Array(3).fill('delivered/sent'),
    ]);
  });

  it.for([
    ['everything', {}, 'sandbox-key'],
    ['its agent', { agent: 930 }, 'other-key'],
  ] as const)(
    'of %s kills no message: the channel stops',
    async ([, fields, powerless], { openPlatforms }) => {
      const env = await openPlatforms({
        channels: into(fields),
        sandbox: { usercom: { powerlessKeys: [powerless] } },
      });
      for (const id of [1, 2, 3]) await env.send(conversation(id));
      await eventually(
        'the channel to stop',
        () => env.log(),
        (log) => log.includes('"channel_stopped"'),
      );
      expect(await env.receipts('usercom')).toEqual([]);
      expect(env.sandbox.usercom.messages).toEqual([]);
    },
  );
});
