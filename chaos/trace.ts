import type { Breach, History } from './breach.ts';
import { logLines } from './log-lines.ts';
import { idOf } from './message-ids.ts';

/** Everything that is known of a message, in the order of time: receipts, the platform's calls, the workers' log. */
export async function traceOf(
  { channel, id }: Pick<Breach, 'channel' | 'id'>,
  histories: readonly History[],
  logs: string,
): Promise<string[]> {
  const own = histories.find((each) => each.channel.name === channel);
  const events: { at: number; text: string }[] = [];
  const note = (at: number, who: string, text: string): void =>
    void events.push({ at, text: `${new Date(at).toISOString()} ${who.padEnd(14)} ${text}` });
  for (const receipt of own?.receipts ?? []) {
    const { run, state, reason, attempts } = receipt;
    if (receipt.id === id) note(receipt.at, 'receipt', `run ${run} ${state}/${reason}, attempts ${attempts}`);
  }
  for (const { kind, status, askedAt, answeredAt, wasEnqueued } of own?.controls.get(id) ?? []) {
    const known = wasEnqueued ? 'enqueued before' : 'not told to be enqueued';
    note(askedAt, 'controller', `${kind}: ${status} after ${answeredAt - askedAt} ms, ${known}`);
  }
  const theirs = own?.calls.filter((call) => idOf(call) === id) ?? [];
  const recipients = new Set(theirs.map(({ recipient }) => recipient));
  for (const call of own?.calls ?? []) {
    const { at, recipient, result, fault } = call;
    const message = idOf(call);
    const isOthers = recipients.has(recipient) && result === 'accepted';
    if (message !== id && !isOthers) continue;
    note(at, 'platform', `${message} for ${recipient}: ${result}${fault ? `, then ${fault}` : ''}`);
  }
  for await (const { file, line } of logLines(logs)) {
    if (!line.includes(`"${id}"`)) continue;
    const at = Date.parse(/"time":"([^"]+)"/.exec(line)?.[1] ?? '') || 0;
    note(at, file.replace(/\.log$/, ''), line);
  }
  return events.toSorted((a, b) => a.at - b.at).map(({ text }) => text);
}

/** Runs whose log tells of a send with an unknown end: `<channel> <id> <run>`. */
export async function unknownRuns(logs: string): Promise<Set<string>> {
  const runs = new Set<string>();
  for await (const { line } of logLines(logs)) {
    if (!line.includes('"outcome":"unknown"')) continue;
    const { channel, id, run } = JSON.parse(line) as { channel: string; id: string; run: number };
    runs.add(`${channel} ${id} ${run}`);
  }
  return runs;
}
