import { expect, it } from 'vitest';
import { CHANNELS, FIELDS } from '../../demo/channels.ts';
import { planMessages } from '../../demo/message-plan.ts';
import { accountChannels } from '../../src/sandbox/accounts.ts';
import { readConfig } from '../../testing/local-worker.ts';

const plan = planMessages();
const of = (wanted: string) => plan.filter(({ channel }) => channel === wanted);

it('plans two messages for most players, some of whom did not play or are unknown, in order', () => {
  const messages = of('kongregate');
  const users = messages.map(({ message }) => String((message.to as { userId: number }).userId));
  const players = [...new Set(users)];
  expect(messages.length).toBeGreaterThan(1_500);
  expect(messages.length).toBeLessThan(2_500);
  expect(messages.length - players.length).toBeGreaterThan(players.length / 2);
  for (const digit of ['7', '0']) expect(players.filter((id) => id.endsWith(digit))).toHaveLength(150);
  expect(plan.map(({ atMs }) => atMs)).toEqual(plan.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
});

it.each(['zulip', 'discourse', 'usercom'])('plans one message a person for %s', (channel) => {
  const messages = of(channel);
  expect(messages).toHaveLength(120);
  expect(new Set(messages.map(({ message }) => JSON.stringify(message.to))).size).toBe(120);
  expect(new Set(messages.map(({ message }) => message.content)).size).toBe(4);
  expect(of('kongregate').map(({ message }) => message.content)).toContain(messages[0]!.message.content);
});

it('names every message once, and writes to a channel that herald.yaml knows', () => {
  expect(new Set(plan.map(({ id }) => id)).size).toBe(plan.length);
  for (const { channel, id, message } of plan) expect(message).toMatchObject({ id, platform: channel });
  const accounts = accountChannels('http://127.0.0.1:1');
  const source = Object.fromEntries(CHANNELS.map((name) => [name, { ...accounts[name], ...FIELDS[name] }]));
  const { channels } = readConfig({ channels: source });
  expect(channels.map(({ name, platform }) => [name, platform])).toEqual(
    CHANNELS.map((name) => [name, name]),
  );
});
