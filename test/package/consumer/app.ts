/** What an application writes that installed Herald; compiled and run in a folder of its own by packed.test.ts. */
import { setTimeout as pause } from 'node:timers/promises';
import {
  createProducer,
  createWorker,
  InvalidMessageError,
  type MessageInput,
  type WorkerConfig,
} from 'herald';
import schema from 'herald/message.schema.json' with { type: 'json' };
import { startRedis, startSandbox } from 'herald/sandbox';

const redis = await startRedis();
const sandbox = await startSandbox();
const config = {
  redis: redis.url,
  http: false,
  logLevel: 'silent',
  channels: {
    kongregate: {
      platform: 'kongregate',
      baseUrl: `${sandbox.url}/kongregate/api`,
      apiKey: 'sandbox-key',
      eligibility: { whenUnknown: 'send' },
    },
  },
} satisfies WorkerConfig;
const worker = createWorker(config);
await worker.start();

const producer = createProducer({ redis: redis.url });
const message: MessageInput = { platform: 'kongregate', to: { userId: 32 }, content: 'Hello, **world**' };
const { status } = await producer.send(message);
const refusal = await producer.send({ ...message, content: '' }).catch((error: unknown) => error);
while (sandbox.journal.report().accepted === 0) await pause(10);

console.log(
  JSON.stringify({ status, refused: refusal instanceof InvalidMessageError, schema: schema.$schema }),
);
await producer.close();
await worker.close();
await sandbox.close();
await redis.stop();
