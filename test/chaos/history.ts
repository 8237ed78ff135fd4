import type { History } from '../../chaos/breach.ts';
import { channelOf } from '../../chaos/channels.ts';
import type { Receipt } from '../../src/receipts/receipts.ts';
import type { SandboxCall } from '../../src/sandbox/index.ts';

/** What is checked of a run, made by hand. */

export const WINDOW_MS = 60_000;
/** A window of every channel begins here. */
export const START = 100 * WINDOW_MS;

/** @param at from `START` on */
export const call = (id: string, at: number, result = 'accepted', recipient = '21'): SandboxCall => ({
  ...{ at: START + at, platform: 'kongregate', recipient, result },
  content: `This is ${id} for you`,
});

export const receipt = (id: string, fields: Partial<Receipt> = {}): Receipt => ({
  ...{ entry: '1-0', v: 1, id, run: 1, state: 'delivered', reason: 'sent', at: START, attempts: 1 },
  ...fields,
});

/** One of the channel kongregate in which nothing happened but this. */
export const historyOf = (fields: Partial<History>): History => ({
  ...{ channel: channelOf('kongregate'), calls: [], receipts: [], times: new Map() },
  ...{ acknowledged: new Set(), deadLetters: new Set(), controls: new Map(), pickups: new Map() },
  campaigns: [],
  ...fields,
});
