import type { ChannelStore } from '../redis/channel-store.ts';
import { recipientKey } from './names.ts';
import { loadScript } from './script.ts';

/** What is asked of the ledger, and recorded in it, outside the delivery pipeline. */

const endedScript = loadScript('ended.lua');
const playsScript = loadScript('plays.lua');
const explainScript = loadScript('explain.lua');

/** A message of a job of many, as the ledger and the queue name it. */
export interface EndingMessage {
  key: string;
  job: string;
  /** The id of the job that it gets when it leaves. */
  jobId: string;
}

/**
 * How far a message of a job of many is. `ended`: the job's run of it has ended, or it has left the job. `sending`: a send of it is in
 * flight or in doubt. `waiting`: neither.
 */
export async function lookUpMessages(
  store: ChannelStore,
  messages: readonly EndingMessage[],
): Promise<Progress[]> {
  const asked = messages.map(({ key, job, jobId }) => ({ m: key, j: job, id: jobId }));
  const reply = await store.run(endedScript, [JSON.stringify(asked)]);
  return (reply as number[]).map((code) => PROGRESS[code] ?? 'waiting');
}

const PROGRESS = ['waiting', 'ended', 'sending'] as const;
export type Progress = (typeof PROGRESS)[number];

export interface Play {
  /** The recipient's key as the platform's definition gives it. */
  recipient: string;
  /** Milliseconds since the epoch; later than now counts as now. */
  at: number;
}

/** @returns how many of them were later than what the ledger knew */
export async function recordPlays(
  store: ChannelStore,
  plays: readonly Play[],
  playTtlMs: number,
): Promise<number> {
  const entries = plays.map(({ recipient, at }) => [recipientKey(recipient), at]);
  const options = JSON.stringify({ playTtl: playTtlMs });
  return (await store.run(playsScript, [options, JSON.stringify(entries)])) as number;
}

/** The ledger's knowledge of one message, as it is stored; times by the store's clock, 0 for never. */
export interface LedgerEntry {
  now: number;
  record: Record<string, string | number | boolean> | null;
  slot: { window: number; state: string; owner: string; own: boolean } | null;
  /** `at` is when it was; `stamp` is what its life counts from. */
  play: { at: number; stamp: number; kind: 'p' | 'r' } | null;
}

export interface Explained {
  key: string;
  recipient?: string | undefined;
  playTtlMs?: number;
  /** Leaves out a record that, to this job, is of a past message of the same id. */
  job?: string;
}

export async function explainMessage(
  store: Pick<ChannelStore, 'run'>,
  { key, recipient, playTtlMs = 0, job }: Explained,
): Promise<LedgerEntry> {
  const request = JSON.stringify({
    m: key,
    r: recipient && recipientKey(recipient),
    playTtl: playTtlMs,
    j: job,
  });
  const reply = (await store.run(explainScript, [request])) as string[];
  const [record, slot, play] = reply.slice(0, 3).map((text) => JSON.parse(text));
  return { now: Number(reply[3]), record, slot, play };
}
