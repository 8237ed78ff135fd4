import type { Receipt } from '../src/receipts/receipts.ts';
import { accepted } from './arrivals.ts';
import type { Breach, History } from './breach.ts';

/** One final state for each run of each message, every run from the first to the last, and a letter of what died. */
export function finalStates({ channel, receipts, calls, acknowledged, deadLetters }: History): Breach[] {
  const runs = new Map<string, Receipt[]>();
  for (const receipt of receipts) {
    const known = runs.get(receipt.id);
    if (known) known.push(receipt);
    else runs.set(receipt.id, [receipt]);
  }
  const arrived = accepted(calls);
  const breaches: Breach[] = [];
  const breach = (kind: Breach['kind'], id: string, what: string): void =>
    void breaches.push({ kind, channel: channel.name, id, what, calls: [] });
  for (const id of acknowledged)
    if (!runs.has(id)) breach('lost', id, 'acknowledged and without a final state');
  for (const [id, ended] of runs) {
    const told = new Set(ended.map(({ run }) => run));
    const last = ended.reduce((latest, each) => (each.run > latest.run ? each : latest));
    if (told.size < ended.length) {
      breach('two_final_states', id, `runs that ended: ${ended.map(({ run }) => run).join(', ')}`);
    }
    for (let run = 1; run < last.run; run += 1) {
      if (!told.has(run)) breach('lost', id, `run ${run} has no final state, a later one has`);
    }
    // A replay that lost the job leaves the death of the run before; proof that came late takes the letter away.
    if (last.state === 'dead' && !deadLetters.has(id) && !arrived.has(id)) {
      breach('lost', id, `dead (${last.reason}), and there is no dead letter of it`);
    }
  }
  return breaches;
}
