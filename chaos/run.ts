import { setMaxListeners } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../src/clock.ts';
import type { Breach } from './breach.ts';
import { experiment } from './experiment.ts';
import { readOptions, USAGE } from './options.ts';
import { closingTable, type Findings, kept, RECOVERED_WITHIN_MS } from './report.ts';
import { traceOf } from './trace.ts';

/** `npm run chaos`: the promise, put to the proof. */

const TRACES = 3;

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), systemClock.now());
  if (!options) {
    console.log(USAGE);
    return 0;
  }
  const interrupt = new AbortController();
  // Every wait of the run listens; Node takes more than ten listeners for a leak.
  setMaxListeners(0, interrupt.signal);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort());
  const logs = options.logs ?? (await mkdtemp(join(tmpdir(), 'herald-chaos-')));
  await mkdir(logs, { recursive: true });
  try {
    const findings = await experiment(options, { logs, tell: console.log, signal: interrupt.signal });
    if (!findings) {
      console.log('interrupted; nothing is left running');
      return 1;
    }
    console.log(`\n${closingTable(findings)}`);
    for (const breach of ofEachKind(findings.breaches)) {
      console.log(`\n${breach.kind} ${breach.channel} ${breach.id}: ${breach.what}`);
      console.log((await traceOf(breach, findings.histories, logs)).join('\n'));
    }
    await tellSlowest(findings, logs);
    console.log(kept(findings) ? '\nThe promise held.' : '\nTHE PROMISE WAS BROKEN.');
    return kept(findings) ? 0 : 1;
  } finally {
    if (options.logs === undefined) await rm(logs, { recursive: true, force: true });
  }
}

/** The first few of each kind. */
const ofEachKind = (breaches: readonly Breach[]): Breach[] =>
  breaches.filter(
    ({ kind }, i) => breaches.slice(0, i).filter((earlier) => earlier.kind === kind).length < TRACES,
  );

/** A recovery that took too long is a breach, too: of the message that waited longest. */
async function tellSlowest({ recovery, histories }: Findings, logs: string): Promise<void> {
  const [channel, id] = recovery.slowest?.split(' ') ?? [];
  if (recovery.max <= RECOVERED_WITHIN_MS || channel === undefined || id === undefined) return;
  console.log(`\nthe slowest recovery, ${channel} ${id}`);
  console.log((await traceOf({ channel, id }, histories, logs)).join('\n'));
}

process.exitCode = await main();
