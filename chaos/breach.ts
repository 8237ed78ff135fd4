import type { SandboxCall } from '../src/sandbox/index.ts';
import type { CampaignBook } from './campaigns.ts';
import type { Channel } from './channels.ts';
import type { Control } from './controls.ts';
import type { Told } from './forgetting.ts';

/** What broke the promise: of which message, and how. */
export interface Breach {
  kind:
    | 'lost'
    | 'two_final_states'
    | 'second_message'
    | 'arrived_twice'
    | 'never_arrived'
    | 'denied'
    | 'early'
    | 'ended_early'
    | 'answer_thrown_away'
    | 'false_duplicate'
    | 'queued_twice'
    | 'sent_after_cancel'
    | 'uncancelled'
    | 'false_answer'
    | 'miscounted'
    | 'sent_while_held'
    | 'misaddressed';
  channel: string;
  id: string;
  what: string;
  /** The requests that it consists of. */
  calls: readonly SandboxCall[];
}

/** What the sandbox holds of one channel, and what Herald said of it. */
export interface History {
  channel: Channel;
  calls: readonly SandboxCall[];
  receipts: readonly Told[];
  /** Ids of the messages that Redis acknowledged. */
  acknowledged: ReadonlySet<string>;
  /** Ids of the messages that have a dead letter. */
  deadLetters: ReadonlySet<string>;
  /** Of the messages of all channels, by id. */
  times: ReadonlyMap<string, Times>;
  /** What was asked of the messages of all channels, each one's in order, by id. */
  controls: ReadonlyMap<string, readonly Control[]>;
  /** When a worker first had a message in hand: `<channel> <message>`. */
  pickups: ReadonlyMap<string, number>;
  /** Of all channels. */
  campaigns: readonly CampaignBook[];
}

/** When a message may be sent, and when it is over; milliseconds since the epoch. */
export interface Times {
  sendAt?: number;
  expiresAt: number;
  /** It waits where its player's window is used up. */
  defers: boolean;
}
