import type { ChannelConfig } from '../config/channel-schema.ts';
import { windowLengthMs, windowTable } from './quota-windows.ts';

/** What the slots of a channel mean: their windows, how they name recipients, and over how many shards they are spread. Pure. */
export interface SlotPolicy {
  quota: ChannelConfig['quota'];
  addressing?: string | undefined;
  shards?: number | undefined;
}

/** The policy as the store keeps and compares it. For a channel with shards it is prefixed by `8 shards: `. */
export function policyText({ quota, addressing, shards }: SlotPolicy): string {
  const text = quota
    ? JSON.stringify([quota.max, quota.per, quota.timeZone, quota.boundary, addressing ?? null])
    : 'null';
  return shards === undefined ? text : `${shards} shards: ${text}`;
}

const SHARDED = /^(\d+) shards: (.*)$/s;

/** Undefined if the text is not a policy, as after a channel was renamed. An earlier version wrote no addressing. */
export function readPolicy(text: string): SlotPolicy | undefined {
  const policy = readSlots(SHARDED.exec(text)?.[2] ?? text);
  const shards = shardsIn(text);
  return policy && shards !== undefined ? { ...policy, shards } : policy;
}

/** The number of shards in a policy's text, even if the rest is not a policy. */
export function shardsIn(text: string): number | undefined {
  const [, shards] = SHARDED.exec(text) ?? [];
  return shards === undefined ? undefined : Number(shards);
}

function readSlots(text: string): SlotPolicy | undefined {
  if (!text.startsWith('[')) return text === 'null' ? { quota: null } : undefined;
  const [max, per, timeZone, boundary, addressing] = JSON.parse(text);
  return { quota: { max, per, timeZone, boundary }, ...(typeof addressing === 'string' && { addressing }) };
}

export function samePolicy(text: string, policy: SlotPolicy): boolean {
  const was = readPolicy(text);
  if (was === undefined) return false;
  return policyText({ ...policy, ...was, quota: was.quota, shards: was.shards }) === policyText(policy);
}

/**
 * When a policy may take over from another: once no window of the old one is open, and a window of the new one begins that contains no
 * message sent under the old. Otherwise players could get a second message in that window.
 * @param openUntil when the last window of the old policy ends or ended, 0 for never
 */
export function takesOverAt(next: SlotPolicy, was: SlotPolicy | undefined, openUntil: number): number {
  if (openUntil === 0 || !next.quota) return openUntil;
  const rolled = was?.quota?.boundary === 'rolling' ? windowLengthMs(was.quota.per) : 0;
  const lastSent = openUntil - rolled;
  if (next.quota.boundary === 'rolling')
    return Math.max(openUntil, lastSent + windowLengthMs(next.quota.per));
  const begins = windowTable(next.quota, lastSent).find((start) => start >= lastSent);
  return Math.max(openUntil, begins ?? openUntil);
}

/** Why a policy is refused: the field that was changed, and until when windows of the old policy are open. */
export interface PolicyRefusal {
  field: 'quota' | 'addressing';
  until: number;
}

/** @param seen the policy in force, when its last window ends or ended, and the store's time */
export function policyRefusal(
  policy: SlotPolicy,
  { text, openUntil, now }: { text: string | undefined; openUntil: number; now: number },
): PolicyRefusal | undefined {
  if (text === undefined || samePolicy(text, policy)) return undefined;
  const was = readPolicy(text);
  const until = takesOverAt(policy, was, openUntil);
  if (until <= now) return undefined;
  const sameQuota = was && policyText({ ...policy, quota: was.quota }) === policyText(policy);
  return { field: sameQuota ? 'addressing' : 'quota', until };
}
