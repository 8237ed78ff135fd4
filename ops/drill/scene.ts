import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { createAdmin, createProducer, type MessageInput } from '../../src/app.ts';
import { type Environment, openEnvironment } from '../../testing/environment.ts';
import { type Prometheus, startPrometheus } from '../../testing/own-prometheus.ts';
import { ensurePrometheus } from '../../testing/prometheus-tools.ts';
import { alertingRules, recordingRules } from '../rules/rule-files.ts';
import { hastened } from '../rules/timing.ts';

/** The rules wait and look back so many times shorter than they ship: an alert that takes five minutes takes fifteen seconds. */
export const HASTE = 20;
/** One message a channel in this time. */
const SEND_EVERY_MS = 200;
/** Whoever dies for a reason that a person may fix, dies at once. */
const CHANNELS = {
  kongregate: { rate: { max: 50, per: '1s' } },
  zulip: { rate: false },
  discourse: { rate: false, breaker: { failures: 5, rest: '5s', cap: '10s' } },
  usercom: { rate: { max: 100, per: '1s' } },
};

type Sent = Pick<MessageInput, 'platform'> & { to: object; title?: string; content?: string; id?: string };

/** Redis, the four simulated platforms, two workers, Prometheus with Herald's rules, and an application that sends. */
export interface Scene {
  readonly env: Environment;
  readonly prometheus: Prometheus;
  readonly admin: ReturnType<typeof createAdmin>;
  /** herald.yaml, for the commands. */
  readonly configFile: string;
  send(messages: Iterable<Sent>): Promise<void>;
  /** The application goes on sending, or stops. */
  load(on: boolean): void;
  /** How many messages the application has sent by now. */
  sent(): number;
  close(): Promise<void>;
}

export async function openScene(): Promise<Scene> {
  await ensurePrometheus(console.error);
  const folder = await mkdtemp(join(tmpdir(), 'herald-drill-'));
  const env = await openEnvironment({
    channels: CHANNELS,
    sandbox: { discourse: { requestsPerMinute: 10_000 } },
    config: { http: { port: 0 }, logLevel: 'warn' },
  });
  const workers = [env.spawn(), env.spawn()];
  await Promise.all(workers.map((worker) => worker.ready()));
  const configFile = join(folder, 'herald.yaml');
  await writeFile(configFile, stringify(env.config()));
  const prometheus = await startPrometheus({
    targets: { herald: workers.map(({ url }) => new URL(url ?? '').host) },
    groups: [...recordingRules({ timing: hastened(HASTE) }), ...alertingRules({ timing: hastened(HASTE) })],
  });
  const producer = createProducer({ redis: env.server.url });
  const application = applicationOf(producer);
  const admin = createAdmin({ redis: env.server.url });
  return {
    ...{ env, prometheus, admin, configFile },
    ...application,
    async close() {
      application.load(false);
      await Promise.all([producer.close(), admin.close()]);
      await prometheus.stop();
      await env.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function applicationOf(producer: ReturnType<typeof createProducer>): Pick<Scene, 'send' | 'load' | 'sent'> {
  let timer: NodeJS.Timeout | undefined;
  let sent = 0;
  let person = 0;
  async function send(messages: Iterable<Sent>): Promise<void> {
    const all = [...messages].map(
      (message) => ({ content: 'Hello, how are you?', ...message }) as MessageInput,
    );
    const { queued } = await producer.sendMany(all);
    sent += queued;
  }
  function tick(): void {
    person += 1;
    void send([
      { platform: 'kongregate', to: { userId: person } },
      { platform: 'zulip', to: { userIds: [person] } },
      { platform: 'discourse', to: { usernames: [`player${person}`] }, title: 'Hello' },
      { platform: 'usercom', to: { userId: person } },
    ]);
  }
  return {
    send,
    sent: () => sent,
    load(on) {
      clearInterval(timer);
      timer = on ? setInterval(tick, SEND_EVERY_MS) : undefined;
    },
  };
}
