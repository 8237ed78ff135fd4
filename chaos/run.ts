import { setMaxListeners } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../src/clock.ts';
import { experiment } from './experiment.ts';
import { historyOf } from './history.ts';
import { readOptions, USAGE } from './options.ts';
import { closingTable, type Findings, kept, RECOVERED_WITHIN_MS } from './report.ts';

/** `npm run chaos`: the promise, put to the proof. */

const HISTORIES = 3;

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
    for (const breach of findings.breaches.slice(0, HISTORIES)) {
      console.log(`\n${breach.kind} ${breach.lane} ${breach.id}: ${breach.what}`);
      console.log((await historyOf(breach, findings.evidence, logs)).join('\n'));
    }
    await tellSlowest(findings, logs);
    console.log(kept(findings) ? '\nThe promise held.' : '\nTHE PROMISE WAS BROKEN.');
    return kept(findings) ? 0 : 1;
  } finally {
    if (options.logs === undefined) await rm(logs, { recursive: true, force: true });
  }
}

/** A recovery that took too long is a breach, too: of the message that waited longest. */
async function tellSlowest({ recovery, evidence }: Findings, logs: string): Promise<void> {
  const [lane, id] = recovery.slowest?.split(' ') ?? [];
  if (recovery.max <= RECOVERED_WITHIN_MS || lane === undefined || id === undefined) return;
  console.log(`\nthe slowest recovery, ${lane} ${id}`);
  console.log((await historyOf({ lane, id }, evidence, logs)).join('\n'));
}

process.exitCode = await main();
