import { setMaxListeners } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../src/clock.ts';
import type { Breach } from './breach.ts';
import { campaignDrill, EVERY_STEP } from './campaign-drill.ts';
import { drillTable } from './campaign-report.ts';
import { experiment } from './experiment.ts';
import { type ChaosOptions, readOptions, USAGE } from './options.ts';
import { closingTable, type Findings, kept, recoveredWithinMs } from './report.ts';
import { traceOf } from './trace.ts';

/** `npm run chaos`: the promise, put to the proof. */

const TRACES = 3;
/** Without faults it would take so long. */
const DRILL = { seconds: 80, leastRate: 20 };

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), systemClock.now());
  if (!options) {
    console.log(USAGE);
    return 0;
  }
  const logs = options.logs ?? (await mkdtemp(join(tmpdir(), 'herald-chaos-')));
  await mkdir(logs, { recursive: true });
  try {
    return options.drill === undefined
      ? await chaos(options, logs)
      : await drill(options, options.drill, logs);
  } finally {
    if (options.logs === undefined) await rm(logs, { recursive: true, force: true });
  }
}

async function drill({ seed }: ChaosOptions, recipients: number, logs: string): Promise<number> {
  const findings = await campaignDrill({
    ...{ recipients, kills: EVERY_STEP, rate: Math.max(DRILL.leastRate, recipients / DRILL.seconds) },
    ...{ seed, logs, tell: console.log },
  });
  console.log(`\n${drillTable(findings)}`);
  await tellBreaches(findings, logs);
  return verdict(findings.breaches.length === 0 && findings.complaints.length === 0);
}

async function chaos(options: ChaosOptions, logs: string): Promise<number> {
  const interrupt = new AbortController();
  // Every wait of the run listens; Node takes more than ten listeners for a leak.
  setMaxListeners(0, interrupt.signal);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort());
  const findings = await experiment(options, { logs, tell: console.log, signal: interrupt.signal });
  if (!findings) {
    console.log('interrupted; nothing is left running');
    return 1;
  }
  console.log(`\n${closingTable(findings)}`);
  await tellBreaches(findings, logs);
  await tellSlowest(findings, logs);
  return verdict(kept(findings));
}

function verdict(held: boolean): number {
  console.log(held ? '\nThe promise held.' : '\nTHE PROMISE WAS BROKEN.');
  return held ? 0 : 1;
}

async function tellBreaches({ breaches, histories }: Told, logs: string): Promise<void> {
  for (const breach of ofEachKind(breaches)) {
    console.log(`\n${breach.kind} ${breach.channel} ${breach.id}: ${breach.what}`);
    console.log((await traceOf(breach, histories, logs)).join('\n'));
  }
}
type Told = Pick<Findings, 'breaches' | 'histories'>;

/** The first few of each kind. */
const ofEachKind = (breaches: readonly Breach[]): Breach[] =>
  breaches.filter(
    ({ kind }, i) => breaches.slice(0, i).filter((earlier) => earlier.kind === kind).length < TRACES,
  );

/** A recovery that took too long is a breach, too: of the message that waited longest. */
async function tellSlowest(findings: Findings, logs: string): Promise<void> {
  const { recovery, histories } = findings;
  const [channel, id] = recovery.slowest?.split(' ') ?? [];
  if (recovery.max <= recoveredWithinMs(findings) || channel === undefined || id === undefined) return;
  console.log(`\nthe slowest recovery, ${channel} ${id}`);
  console.log((await traceOf({ channel, id }, histories, logs)).join('\n'));
}

process.exitCode = await main();
