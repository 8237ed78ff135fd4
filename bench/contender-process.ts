/** A contender's worker, or what enqueues for it, in a process of its own: runs the task in its one argument. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Contender, Place, Sender } from './contenders/contender.ts';
import { type ContenderName, contenders } from './contenders/index.ts';
import { messages, monotonicMs, stampedMessage } from './messages.ts';

export type ContenderTask = { contender: ContenderName } & (
  | ({ kind: 'work' } & Place)
  | ({ kind: 'enqueue' } & EnqueueTask)
  /** So many messages a second, each sent without waiting for the one before. */
  | ({ kind: 'pace'; url: string } & PaceTask)
);

export interface EnqueueTask {
  url: string;
  /** One after the other, or all in the fastest way. */
  way: 'each' | 'all';
  count: number;
  /** Messages before those that are measured. */
  warmUp?: number;
  /** Number of the first message. */
  first?: number;
}

export interface PaceTask {
  count: number;
  perSecond: number;
  /** Number of the first message. */
  first: number;
}

export type ContenderReport =
  /** It takes messages. */
  | { kind: 'ready' }
  /** Everything was enqueued. */
  | { kind: 'enqueued'; ms: number }
  /** Asked for by any message. */
  | ({ kind: 'usage' } & Usage);

export interface Usage {
  cpuSeconds: number;
  /** The most memory that it has had. */
  rssMb: number;
  /** Messages, where it can tell. */
  delivered?: number | undefined;
}

const report = (what: ContenderReport): void => void process.send?.(what);

let delivered: Contender['delivered'];

async function usage(): Promise<ContenderReport> {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  return {
    kind: 'usage',
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    rssMb: maxRSS / 1024,
    delivered: await delivered?.(),
  };
}

async function openSender({ openSender }: Contender, url: string): Promise<Sender> {
  if (openSender === undefined) throw new Error('nothing is enqueued for this contender');
  return await openSender(url);
}

async function enqueue(sender: Sender, { way, count, warmUp = 0, first = 0 }: EnqueueTask): Promise<number> {
  const put = async (from: number, many: number): Promise<void> => {
    if (way === 'all') await sender.sendAll(messages(many, from));
    else for (const one of messages(many, from)) await sender.send(one);
  };
  if (warmUp > 0) await put(first, warmUp);
  const startedAt = monotonicMs();
  await put(first + warmUp, count);
  return monotonicMs() - startedAt;
}

async function pace(sender: Sender, { count, perSecond, first }: PaceTask): Promise<number> {
  const startedAt = monotonicMs();
  const sent: Promise<unknown>[] = [];
  for (let i = 0; i < count; i++) {
    const wait = startedAt + (i * 1_000) / perSecond - monotonicMs();
    if (wait > 0) await pause(wait);
    sent.push(sender.send(stampedMessage(first + i)));
  }
  await Promise.all(sent);
  return monotonicMs() - startedAt;
}

async function run(task: ContenderTask): Promise<void> {
  const contender = await contenders[task.contender].load();
  if (task.kind === 'work') {
    delivered = contender.delivered;
    await contender.work(task);
    report({ kind: 'ready' });
    return;
  }
  const sender = await openSender(contender, task.url);
  const ms = await (task.kind === 'pace' ? pace(sender, task) : enqueue(sender, task));
  await sender.close();
  report({ kind: 'enqueued', ms });
}

process.on('message', async () => report(await usage()));
process.once('disconnect', () => process.exit());
await run(JSON.parse(process.argv[2] ?? '{}') as ContenderTask);
