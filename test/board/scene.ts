import { Queue } from 'bullmq';
import type { BoardRole } from '../../src/admin/board-access.ts';
import { type BoardBackend, openBoardBackend } from '../../src/admin/board-backend.ts';
import { createProducer } from '../../src/app.ts';
import { type BoardService, createBoardService } from '../../src/board/service.ts';
import { systemClock } from '../../src/clock.ts';
import { board } from '../../src/config/board.ts';
import { createLogger } from '../../src/observe/log.ts';
import { platforms } from '../../src/platforms/registry.ts';
import type { Producer } from '../../src/producer/producer.ts';
import { AUDIT_KEY, CHANNELS_KEY, channelKeys, historyKey, PREFIX, queueName } from '../../src/redis/keys.ts';
import { endpointRecord } from '../../src/webhooks/record.ts';
import { type Channels, type Environment, openEnvironment } from '../../testing/environment.ts';
import { eventually } from '../../testing/eventually.ts';

/** An installation with a board, in which enough has happened that every screen has something to show. */
export interface Scene extends Environment {
  readonly backend: BoardBackend;
  readonly producer: Producer<unknown>;
  readonly board: BoardService;
  /** A link that signs in. */
  link(role: BoardRole, channels?: readonly string[], name?: string): Promise<string>;
  /** What the board logged. */
  log(): string;
  closeAll(): Promise<void>;
}

export const QUICK = 'kongregate';
export const STOPPED = 'discourse';
export const WEBHOOK = 'customer-relations';
export const DEAD_LETTERS = 200;
/** Markup in whatever an application, a player or a platform may name. */
export const HOSTILE = `"><img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'&amp;{{x}}`;

export interface SceneOptions {
  /** Channels beside those of the tests, in the fields of herald.yaml. */
  more?: Channels;
  /** In the meta of messages; hostile markup when absent. */
  note?: string;
}

export async function openScene({
  more = {},
  note = HOSTILE.slice(0, 100),
}: SceneOptions = {}): Promise<Scene> {
  const env = await openEnvironment({
    channels: {
      ...more,
      [QUICK]: { discloseRecipients: true, rate: false, eligibility: false },
      [STOPPED]: { discloseRecipients: true, retry: { attempts: 2, base: '1ms', cap: '1ms' } },
    },
    config: { http: false },
  });
  const worker = env.build();
  await worker.start();
  const backend = openBoardBackend(
    { redis: env.server.url, channels: [] },
    { platforms, clock: systemClock },
  );
  const producer = createProducer({ redis: env.server.url }) as Producer<unknown>;
  const lines: string[] = [];
  const service = createBoardService(board.parse({ port: 0 }), {
    openBoardBackend: () =>
      openBoardBackend({ redis: env.server.url, channels: [] }, { platforms, clock: systemClock }),
    tokens: [],
    logger: createLogger({
      level: 'info',
      destination: { write: (line) => void lines.push(line) },
      secrets: [],
    }),
    clock: systemClock,
  });
  await service.start();
  const scene: Scene = {
    ...env,
    ...{ backend, producer, board: service },
    log: () => lines.join(''),
    async link(role, channels, name = role === 'operate' ? 'anna' : 'ben') {
      const by = { via: 'command', name: 'test@host' } as const;
      const user = { name, role, channels: channels ?? null };
      const secret = await backend.access.createLink(user, 60_000, by);
      return `${service.url}/board/link?secret=${secret}`;
    },
    async closeAll() {
      await producer.close();
      await service.close(1_000);
      await backend.close();
      await env.close();
    },
  };
  await fill(scene, note);
  return scene;
}

/** Of Kongregate's simulated players those whose id ends with 0 are unknown: messages to them die. */
async function fill(scene: Scene, note: string): Promise<void> {
  const { producer, backend } = scene;
  const deadly = Array.from({ length: DEAD_LETTERS }, (_, i) => ({
    ...{ platform: 'kongregate', to: { userId: (i + 100) * 10 }, content: `Hello ${i}` },
    id: i === 0 ? 'lost-welcome' : `welcome-${i}`,
    meta: { campaign: 'welcome', note },
  }));
  const good = Array.from({ length: 40 }, (_, i) => ({
    ...{ platform: 'kongregate', to: { userId: 21 + i * 10 }, content: 'Hello', id: `hello-${i}` },
    meta: { note },
  }));
  await producer.sendMany([...deadly, ...good]);
  await backend.admin.channels.pause(STOPPED);
  await producer.send({
    platform: 'discourse',
    to: { usernames: ['"><b>mara<b>'] },
    title: HOSTILE.replace('{{x}}', ''),
    content: `**${HOSTILE.replace('{{x}}', '')}**`,
    id: 'forum-1',
  });
  await producer.send({
    platform: 'kongregate',
    to: { userId: 31 },
    content: 'Later',
    id: 'later-1',
    sendAt: new Date(Date.now() + 7_200_000).toISOString(),
  });
  await producer.campaign(
    {
      id: 'spring',
      platform: 'discourse',
      title: 'Spring',
      content: `Hello ${HOSTILE.replace('{{x}}', '')}`,
      meta: { note },
    },
    Array.from({ length: 30 }, (_, i) => ({ to: { usernames: [`player${i}x`] } })),
  );
  await eventually(
    'the dead letters',
    () => backend.admin.deadLetters.plan({}, 'purge'),
    ({ letters }) => letters >= DEAD_LETTERS,
  );
  await addWebhook(scene, WEBHOOK, QUICK);
  await fillHistory(scene, QUICK, 400);
  await fillHistory(scene, STOPPED, 60, 70);
}

/** An endpoint that a process has posted to until now, and that misses three receipts. */
async function addWebhook({ redis }: Scene, name: string, channel: string): Promise<void> {
  const record = endpointRecord(
    redis,
    { name, url: 'https://crm.example', channels: [channel] },
    'a process',
  );
  await record.take(true);
  const missed = { count: 3, exact: true, at: Date.now() - 3_600_000 };
  await record.keep(
    new Map([[channel, { after: String(Date.now() - 180_000), ahead: [], passed: 0, missed }]]),
    {},
  );
  await record.release();
}

/**
 * Markup wherever something comes from outside: in ids and data of foreign jobs, in what a platform says, in the names of channels,
 * hosts, people and recipients, and in the record of acts.
 */
export async function fillHostile(scene: Scene): Promise<Hostile> {
  const { redis, sandbox, producer, backend, link } = scene;
  const queue = new Queue(queueName(QUICK), { connection: redis, prefix: PREFIX });
  const foreign = {
    v: 1,
    id: HOSTILE,
    platform: 'kongregate',
    to: { userId: HOSTILE },
    content: HOSTILE,
    meta: { [HOSTILE]: HOSTILE },
  };
  await queue.add('message', foreign, { jobId: HOSTILE });
  await queue.close();
  const body = JSON.stringify({ success: false, errors: [`Unknown user ${HOSTILE}`] });
  sandbox.faults.add({ kind: 'answer', body, recipients: ['42'] });
  await producer.send({
    platform: 'kongregate',
    to: { userId: 42 },
    content: HOSTILE.replace('{{x}}', ''),
    id: 'refused',
  });
  await eventually(
    'both dead letters',
    () => backend.admin.deadLetters.plan({ ids: [HOSTILE, 'refused'] }, 'purge'),
    ({ letters }) => letters === 2,
  );
  await producer.send({
    ...{ platform: 'discourse', to: { usernames: ['mara'] }, id: 'hostile-later' },
    ...{ title: HOSTILE.replace('{{x}}', ''), content: `    ${HOSTILE.replace('{{x}}', '')}` },
    sendAt: new Date(Date.now() + 7_200_000).toISOString(),
  });
  const facts = { platform: HOSTILE, quota: null, eligibility: null, rate: null };
  await redis.hset(CHANNELS_KEY, HOSTILE, JSON.stringify(facts));
  await addWebhook(scene, HOSTILE, HOSTILE);
  const host = JSON.stringify({ host: HOSTILE, pid: 1, since: Date.now() });
  await redis.zadd(channelKeys(QUICK).workers, Date.now() + 3_600_000, host);
  await redis.xadd(
    AUDIT_KEY,
    '*',
    ...['via', 'program', 'by', HOSTILE, 'action', 'message.cancel', 'target', HOSTILE],
    ...['channels', JSON.stringify([HOSTILE]), 'filter', JSON.stringify({ ids: [HOSTILE] })],
  );
  const scope = { channels: [HOSTILE], reasons: [], since: null, until: 1 };
  const by = { via: 'board', name: HOSTILE } as const;
  const replay = await backend.replays.start({ scope, by, perSecond: 1, letters: 0 });
  return { replay, link: await link('operate', undefined, HOSTILE) };
}

export interface Hostile {
  /** The id of a replay of a channel with such a name. */
  replay: string;
  /** Signs in somebody with such a name. */
  link: string;
}

/** A board that has run for an hour. @param falls how many points ago the channel stopped to deliver */
export async function fillHistory(
  { redis }: Scene,
  channel: string,
  height: number,
  falls = 0,
): Promise<void> {
  const now = Date.now();
  const points = Array.from({ length: 235 }, (_, i) => {
    const wave = 1 + Math.sin(i / 15) * 0.35 + Math.sin(i / 4) * 0.1;
    const delivered = i < falls ? 0 : Math.round(height * wave);
    const ready = Math.round(i < falls ? (falls - i) * 0.6 : (height * (2 - wave)) / 40);
    return `${now - i * 15_000} ${delivered} ${ready} ${DEAD_LETTERS}`;
  });
  // In place of what the board sampled before there was anything.
  await redis
    .multi()
    .del(historyKey(channel))
    .rpush(historyKey(channel), ...points)
    .exec();
}
