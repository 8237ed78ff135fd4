import { expect, onTestFinished } from 'vitest';
import type { Admin } from '../../../src/admin/admin.ts';
import type { ExplainedContent } from '../../../src/admin/explain/explained-content.ts';
import { createAdmin } from '../../../src/app.ts';
import { CHANNEL, type Environment, it } from '../../support/environment.ts';

const openAdmin = (env: Environment): Admin => {
  const admin = createAdmin({ redis: env.server.url });
  onTestFinished(() => admin.close());
  return admin;
};

/** What waits is not picked up: the channel is known, and nobody serves it. */
async function announced(env: Environment): Promise<Admin> {
  await (await env.worker()).close();
  return openAdmin(env);
}

async function contentOf(admin: Admin, id: string): Promise<ExplainedContent | null | undefined> {
  const [found] = await admin.explain(id, { content: true });
  return found?.content;
}

const GREETING = { platform: 'kongregate', content: 'Hello **{{ name }}**' } as const;

it('is what the platform would get, of one message of many, and told only where it is asked for', async ({
  openEnvironment,
}) => {
  const env = await openEnvironment({ channel: { discloseRecipients: true } });
  const admin = await announced(env);
  await env.producer.sendMany(
    ['Mara', 'Tom'].map((name, i) => ({ ...GREETING, to: { userId: i + 1 }, id: name, data: { name } })),
  );
  expect((await admin.explain('Tom'))[0]).toMatchObject({ content: null, message: { to: { userId: 2 } } });
  const content = await contentOf(admin, 'Tom');
  expect(content).toMatchObject({ kind: 'rendered', because: null, fields: {} });
  expect(content?.text).toMatch(/^Hello \W*Tom\W*$/);
  expect(content?.length).toBe(content?.text.length);
});

it('has no values of data where the channel does not disclose recipients', async ({ openEnvironment }) => {
  const env = await openEnvironment();
  const admin = await announced(env);
  await env.producer.send({ ...GREETING, to: { userId: 1 }, id: 'filled', data: { name: 'Mara' } });
  await env.producer.send({ ...GREETING, content: 'Hello **all**', to: { userId: 2 }, id: 'plain' });
  const filled = await contentOf(admin, 'filled');
  expect(filled).toMatchObject({ kind: 'source', because: 'undisclosed', text: GREETING.content });
  expect(JSON.stringify(filled)).not.toContain('Mara');
  expect(await contentOf(admin, 'plain')).toMatchObject({ kind: 'rendered', because: null });
});

it('is found in a campaign, with the platform’s own fields', async ({ openEnvironment }) => {
  const env = await openEnvironment({ channel: { discloseRecipients: true } });
  const admin = await announced(env);
  const imageUrl = 'https://images.example/spring.png';
  const spring = { ...GREETING, id: 'spring', imageUrl };
  await env.producer.campaign(spring, [
    { to: { userId: 1 }, data: { name: 'Mara' } },
    { to: { userId: 2 }, data: { name: 'Tom' } },
  ]);
  const { waiting } = await admin.explainRecipient({ userId: 2 }, { channel: CHANNEL });
  const [found] = await admin.explain(String(waiting[0]?.id), { content: true });
  expect(found).toMatchObject({ campaign: 'spring', content: { kind: 'rendered', fields: { imageUrl } } });
  expect(found?.content?.text).toContain('Tom');
});

it('is the source, and its beginning, where it is large', async ({ openEnvironment }) => {
  const env = await openEnvironment();
  const admin = await announced(env);
  const job = await env.addForeign({ v: 1, ...GREETING, to: { userId: 1 }, content: '😀'.repeat(10_000) });
  const content = await contentOf(admin, job);
  expect(content).toMatchObject({ kind: 'source', because: 'size', length: 10_000 });
  expect(content?.text).toBe('😀'.repeat(8_192));
});

it('says why it cannot be rendered', async ({ openEnvironment }) => {
  const env = await openEnvironment();
  const admin = await announced(env);
  const job = await env.addForeign({ v: 1, ...GREETING, to: { userId: 1 } });
  expect(await contentOf(admin, job)).toMatchObject({
    ...{ kind: 'source', text: GREETING.content },
    because: { problem: expect.stringMatching(/^data\.name: .* has no value$/) },
  });
});

it('is none of a message that has ended, or is dead', async ({ openEnvironment }) => {
  const env = await openEnvironment();
  await env.worker();
  await env.send(1, { id: 'sent' });
  await env.send(10, { id: 'dead' });
  await env.settled(2);
  const admin = openAdmin(env);
  expect(await contentOf(admin, 'sent')).toBeNull();
  expect(await contentOf(admin, 'dead')).toBeNull();
});
