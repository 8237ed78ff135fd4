import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import { alertingRules, recordingRules } from '../../ops/rules/rule-files.ts';
import { hastened } from '../../ops/rules/timing.ts';
import { createProducer, type MessageInput } from '../../src/app.ts';
import { accountChannels } from '../../src/sandbox/accounts.ts';
import { freePort } from '../../src/sandbox/free-port.ts';
import { digestOf, newToken, newTokenId } from '../../src/tokens/secret.ts';
import { type Environment, openEnvironment } from '../../testing/environment.ts';
import { type Prometheus, startPrometheus } from '../../testing/own-prometheus.ts';
import { startRedisExporter } from '../../testing/redis-exporter.ts';
import { startWorkerProcess, type WorkerProcess } from '../../testing/worker-process.ts';
import { startReceiver, WEBHOOK_SECRET } from '../webhooks/receiver.ts';

/** With this haste an hour of the rules is a minute, which is what the times of an incident are told for. */
const FULL_HASTE = 60;

/**
 * With the sandbox: a short quota, a breaker that opens soon, and a channel that gives up at once. What meets the end of a window of 12 s
 * waits for the next: a shorter one, and the first busy moment would make it a message that has been ready for too long.
 */
const SERVED = {
  kongregate: { timeout: '4s', quota: { per: '12s' }, rate: { max: 50, per: '1s' } },
  zulip: { rate: false },
  discourse: { rate: false, breaker: { failures: 3, rest: '2s', cap: '3s' } },
  usercom: { rate: false, retry: { attempts: 1 }, breaker: { failures: 1_000 } },
};
/** Served once, and never again. */
export const FORSAKEN = 'crm';
const CHANNELS = (url: string) => ({
  ...SERVED,
  [FORSAKEN]: { ...accountChannels(url).zulip, email: 'crm@example.com' },
});
const SEND_EVERY_MS = 150;

/** By the compiler each platform has fields of its own; here they are all sent alike. */
type Sent = Pick<MessageInput, 'platform' | 'channel' | 'onQuota' | 'expiresAt'> & {
  to: object;
  title?: string;
};

export interface Incident {
  readonly env: Environment;
  readonly workers: readonly [WorkerProcess, WorkerProcess];
  readonly prometheus: Prometheus;
  send(message: Sent): Promise<void>;
  /**
   * From here on, some players are sent a second message, which waits for the next window of their quota. It counts its age from its
   * enqueue, and on a busy machine it may wait for more than one: none is sent in the quiet time.
   */
  defer(): void;
  /** So much time at full haste, as this incident's rules need it. */
  slowed(time: number): number;
  /** Labels of the alerts that have fired in the last so many seconds, each once. */
  fired(withinSeconds: number): Promise<Record<string, string>[]>;
  close(): Promise<void>;
}

/** How Prometheus names it. */
export const instanceOf = ({ url }: WorkerProcess): string => new URL(url ?? '').host;

/**
 * Two workers with a steady load on four channels, one of them over HTTP, and a Prometheus that scrapes them each second.
 *
 * @param haste how many times faster the rules are than those that ship
 */
export async function startIncident(haste: number): Promise<Incident> {
  const env = await openEnvironment({
    channels: CHANNELS,
    sandbox: { kongregate: { dayMs: 12_000 }, discourse: { requestsPerMinute: 10_000 } },
    config: { http: { port: 0 }, drainTimeout: '2s', logLevel: 'warn' },
  });
  const forsaking = env.build();
  await forsaking.start();
  const { [FORSAKEN]: _, ...served } = env.config()['channels'] as Record<string, object>;
  const receiver = await startReceiver();
  const webhooks = { crm: { url: receiver.url, secret: WEBHOOK_SECRET, privateAddresses: true } };
  const config = { ...env.config(), channels: served, webhooks };
  const { api, settings } = await apiForShop();
  const workers = [
    startWorkerProcess({ config: { ...config, http: { port: 0, api: settings } } }),
    startWorkerProcess({ config }),
  ] as const;
  await Promise.all(workers.map((worker) => worker.ready()));
  await forsaking.close();
  const registry = new Registry();
  const producer = createProducer({ redis: env.server.url, registry, timeoutMs: 2_000 });
  const application = await serve(registry);
  // redis_exporter tells what share of it is used.
  await env.redis.config('SET', 'maxmemory', '1gb');
  const exporter = await startRedisExporter(env.server.url);
  const prometheus = await startPrometheus({
    targets: {
      herald: workers.map(instanceOf),
      shop: [application.address],
      'herald-redis': [exporter.address],
    },
    groups: [...recordingRules({ timing: hastened(haste) }), ...alertingRules({ timing: hastened(haste) })],
  });
  const send = async (message: Sent): Promise<void> => {
    await producer.send({ content: 'Hello, how are you?', ...message } as MessageInput).catch(() => {});
  };
  let deferring = false;
  const load = steadily(send, api, () => deferring);
  return {
    env,
    workers,
    prometheus,
    send,
    defer() {
      deferring = true;
    },
    slowed: (time) => time * (FULL_HASTE / haste),
    async fired(withinSeconds) {
      const firing = `max_over_time(ALERTS{alertstate="firing"}[${withinSeconds}s])`;
      return (await prometheus.query(firing)).map(({ metric }) => ({ ...metric }));
    },
    async close() {
      clearInterval(load);
      await producer.close();
      await prometheus.stop();
      await exporter.stop();
      application.server.close();
      await receiver.close();
      await Promise.all(workers.map((worker) => worker.kill()));
      await env.close();
    },
  };
}

/** The API of a worker, as its settings, and as the application that has its token. */
async function apiForShop(): Promise<{ settings: object; api: (message: object) => Promise<unknown> }> {
  const [port, token] = [await freePort(), newToken(newTokenId())];
  const tokens = [{ name: 'shop', sha256: digestOf(token), scopes: ['send'] }];
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const url = `http://127.0.0.1:${port}/v1/messages`;
  return {
    settings: { port, tokens },
    api: (message) => fetch(url, { method: 'POST', headers, body: JSON.stringify(message) }).catch(() => {}),
  };
}

/** A message on each channel, and now and then a second one for the same player, or one over HTTP. */
function steadily(
  send: Incident['send'],
  api: (message: object) => Promise<unknown>,
  deferring: () => boolean,
): NodeJS.Timeout {
  let turn = 0;
  return setInterval(() => {
    turn += 1;
    void send({ platform: 'kongregate', to: { userId: turn } });
    void send({ platform: 'zulip', to: { userIds: [turn] } });
    void send({ platform: 'discourse', to: { usernames: [`player${turn}`] }, title: 'Hello' });
    if (turn % 2 === 0)
      void send({
        ...{ platform: 'discourse', to: { usernames: [`player${turn}`] }, title: 'Offer' },
        expiresAt: new Date(Date.now() + 3_000).toISOString(),
      });
    void send({ platform: 'usercom', to: { userId: turn } });
    if (turn % 4 !== 0) return;
    if (deferring()) void send({ platform: 'kongregate', to: { userId: turn }, onQuota: 'defer' });
    void send({ platform: 'kongregate', to: { userId: turn }, onQuota: 'drop' });
    void api({ platform: 'kongregate', to: { userId: turn }, content: 'Hello' });
  }, SEND_EVERY_MS);
}

/** An application's metrics, as Prometheus scrapes them. */
async function serve(registry: Registry): Promise<{ server: Server; address: string }> {
  const server = createServer(async (_, response) => {
    response.setHeader('Content-Type', registry.contentType).end(await registry.metrics());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}
