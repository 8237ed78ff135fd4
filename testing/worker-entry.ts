import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Cluster } from 'ioredis';
import { destination } from 'pino';
import { systemClock } from '../src/clock.ts';
import type { Entry } from '../src/jobs/envelope.ts';
import { placeOf } from '../src/jobs/leave.ts';
import type { PlatformClient } from '../src/platforms/port.ts';
import type { RedisCluster } from '../src/redis/address.ts';
import type { Wrappers } from '../src/workers/running-store.ts';
import type { HeraldWorker } from '../src/workers/worker.ts';
import { createFailpoints, type Failpoints } from './failpoints.ts';
import { buildLoggingWorker } from './local-worker.ts';
import { idIn, type Order, type Report, type WorkerPlan } from './worker-protocol.ts';

/**
 * A worker in a process of its own, built as in production and with failpoints at its seams; worker-protocol.ts has what it
 * is told and what it reports. It ends as `herald worker` does: by itself, once it has closed and nothing is left open.
 */

const PROBE_EVERY_MS = 2_000;
/** Errors of a start that may succeed later. */
const REFUSALS = ['QuotaChangedError', 'AccountTakenError'];

/** Written before the call returns: what dies next has reported it. */
const report = (what: Report): void => void writeSync(3, `${JSON.stringify(what)}\n`);

function build(
  { config, clockAheadMs = 0, random, natMap }: WorkerPlan,
  { wrappers }: Failpoints,
): HeraldWorker {
  const { cluster } = Object(config['redis']) as Partial<RedisCluster>;
  return buildLoggingWorker(config, destination(2), {
    redis: natMap && new Cluster([...(cluster ?? [])], { natMap, lazyConnect: true }),
    clock: { ...systemClock, now: () => systemClock.now() + clockAheadMs },
    random: random === undefined ? undefined : () => random,
    wrap: { ...wrappers, pipeline: reporting(wrappers), client: reportingWrites(wrappers) },
  });
}

const reporting =
  ({ pipeline: wrapped }: Wrappers): NonNullable<Wrappers['pipeline']> =>
  (pipeline, channel) => {
    const inner = wrapped?.(pipeline, channel) ?? pipeline;
    return {
      ...inner,
      async deliver(entry) {
        const { origin, source } = placeOf(entry);
        const job = `${channel.name} ${origin}`;
        const message = `${channel.name} ${idIn(source.data()) ?? origin}`;
        report({ kind: 'pickup', job, carrier: `${channel.name} ${carrierOf(entry) ?? origin}`, message });
        return await inner.deliver(entry).finally(() => report({ kind: 'done', job }));
      },
    };
  };

/** After the failpoint before the write: one that blocks there writes later. */
const reportingWrites =
  ({ client: wrapped }: Wrappers): NonNullable<Wrappers['client']> =>
  (client, channel) => {
    const inner: PlatformClient = {
      ...(client.confirm && { confirm: client.confirm.bind(client) }),
      ...(client.examine && { examine: client.examine.bind(client) }),
      close: () => client.close(),
      send(request) {
        const at = performance.timeOrigin + performance.now();
        report({ kind: 'write', message: `${channel.name} ${request.id}`, at });
        return client.send(request);
      },
    };
    return wrapped?.(inner, channel) ?? inner;
  };

function carrierOf(entry: Entry): string | undefined {
  if (entry.kind === 'newer') return undefined;
  return (entry.kind === 'invalid' ? entry : entry.delivery).ref.jobId;
}

/** Shifts the clock of the whole process; answers with what sets by how much. */
function shiftedClock(): (aheadMs: number) => void {
  const now = Date.now;
  let shiftMs = 0;
  Date.now = () => now() + shiftMs;
  return (aheadMs) => {
    shiftMs = aheadMs;
  };
}

/** As an orchestrator does, which restarts a worker whose probe fails. */
async function probe(url: string): Promise<void> {
  const answer = await fetch(`${url}/livez`).catch(() => undefined);
  if (answer && answer.status !== 200) report({ kind: 'stuck', detail: await answer.text() });
}

async function run(plan: WorkerPlan): Promise<void> {
  const stepClock = shiftedClock();
  const failpoints = createFailpoints((failpoint) => report({ kind: 'failpoint', failpoint }));
  if (plan.failpoint) failpoints.arm(plan.failpoint);
  const worker = build(plan, failpoints);
  let closing = false;
  const orders = createInterface({ input: process.stdin });
  orders.on('line', (line) => {
    const order = JSON.parse(line) as Order;
    if (order.kind === 'arm') failpoints.arm(order.failpoint);
    else stepClock(order.aheadMs);
  });
  orders.on('close', () => {
    if (!closing) process.kill(process.pid, 'SIGKILL');
  });
  process.once('SIGTERM', async () => {
    closing = true;
    orders.close();
    process.stdin.destroy();
    report({ kind: 'closed', drained: await worker.close() });
  });
  report({ kind: 'starting' });
  try {
    await worker.start();
  } catch (error) {
    if (error instanceof Error && REFUSALS.includes(error.name))
      report({ kind: 'refused', why: error.message });
    throw error;
  }
  if (closing) return;
  const { url } = worker;
  report({ kind: 'ready', url });
  if (url !== undefined) setInterval(() => void probe(url), PROBE_EVERY_MS).unref();
}

await run(JSON.parse(process.argv[2] ?? '{}') as WorkerPlan);
