import { createServer } from 'node:http';
import { Registry } from 'prom-client';
import { environment } from '../src/environment.ts';
import { createProducer } from '../src/index.ts';
import type { Fault } from '../src/sandbox/index.ts';
import { produceLoad } from './load.ts';

/**
 * The load of `docker compose --profile demo up`: REDIS_URL, SANDBOX_URL and MESSAGES_PER_SECOND say where and how much. It
 * serves its own metrics at /metrics, as an application that enqueues would.
 */
const { REDIS_URL = '', SANDBOX_URL = '', MESSAGES_PER_SECOND = '8', METRICS_PORT = '9464' } = environment();

const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => ending.abort());

const registry = new Registry();
const producer = createProducer({ redis: REDIS_URL, registry });
const metrics = createServer(async (_, response) => {
  response.setHeader('content-type', registry.contentType).end(await registry.metrics());
}).listen(Number(METRICS_PORT));

async function trouble(fault: Fault): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  await fetch(`${SANDBOX_URL}/sandbox/faults`, { method: 'POST', headers, body: JSON.stringify([fault]) });
  process.stdout.write(`trouble: ${fault.kind} of ${fault.platform}\n`);
}

await produceLoad({
  producer,
  perSecond: Number(MESSAGES_PER_SECOND),
  random: Math.random,
  trouble,
  note: (line) => void process.stdout.write(`${line}\n`),
  signal: ending.signal,
});
await producer.close();
metrics.close();
