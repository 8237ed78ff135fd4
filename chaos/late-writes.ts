import type { SandboxCall } from '../src/sandbox/index.ts';
import { TIMEOUT_MS } from './channels.ts';
import { logLines } from './log-lines.ts';

/** Whether a call left its worker after the grant for it was over. */
export type LateWrites = (channel: string, call: Pick<SandboxCall, 'at'>, id: string) => boolean;

/** A grant's deadline, with the margins around the request and what a busy machine adds. */
const OVER_AFTER_MS = TIMEOUT_MS + 2_000;

/**
 * A worker that stands still between its last look at a grant and the write (a SIGSTOP may hit it exactly there) writes
 * when it goes on, however late: the one thing that the guarantee excludes. Its own log tells by how long the attempt
 * took, and the platform's journal by when the request arrived.
 */
export async function lateWrites(logs: string): Promise<LateWrites> {
  const slow = new Map<string, { from: number; to: number }[]>();
  for await (const { line } of logLines(logs)) {
    const attempt = slowAttempt(line);
    if (!attempt) continue;
    const { name, ...span } = attempt;
    slow.set(name, [...(slow.get(name) ?? []), span]);
  }
  return (channel, { at }, id) =>
    slow.get(`${channel} ${id}`)?.some(({ from, to }) => at > from + OVER_AFTER_MS && at <= to) ?? false;
}

function slowAttempt(line: string): { name: string; from: number; to: number } | undefined {
  if (!line.includes('"duration_ms"')) return undefined;
  const { channel, id, time, duration_ms: durationMs } = JSON.parse(line) as Record<string, string | number>;
  if (Number(durationMs) <= OVER_AFTER_MS) return undefined;
  const to = Date.parse(String(time));
  return { name: `${channel} ${id}`, from: to - Number(durationMs), to };
}
