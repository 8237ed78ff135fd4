import type { MessageInput } from '../src/app.ts';
import type { Random } from '../src/clock.ts';
import { campaignMessageId } from '../src/ledger/names.ts';
import { type Channel, SERVED } from './channels.ts';
import type { ControlOrder } from './controls.ts';
import { campaignText, EVERYBODY, nameOf } from './message-ids.ts';

/** One content for many recipients: how it is started, and what is asked of it under way. */
export interface CampaignPlan {
  id: string;
  channel: Channel;
  /** From the start of the run: milliseconds. */
  atMs: number;
  /** What all of its messages have in common; instants are counted from its start. */
  common: Record<string, unknown>;
  delayMs: number;
  lifeMs: number;
  recipients: readonly CampaignRecipient[];
  starts: readonly CampaignStart[];
  orders: readonly CampaignOrder[];
  /** Of single recipients, by their messages' ids. */
  controls: readonly { id: string; controls: readonly ControlOrder[] }[];
}

export interface CampaignRecipient {
  to: MessageInput['to'];
  data?: { name: string };
  lastPlayedAt?: Date;
  /** Of the message to it. */
  id: string;
}

export interface CampaignStart {
  afterMs: number;
  /** How many recipients are handed over before the starter crashes. */
  crashesAfter?: number;
  /** With the recipients in another order, so that its jobs are other ones. */
  reversed?: boolean;
}

export type CampaignOrder = { kind: 'pause' | 'resume' | 'cancel'; afterMs: number };

const LARGEST = 2_000;
/** Where a channel sends ten a second, so that it does not send campaigns alone. */
const LARGEST_OF_SLOW = 150;
const SMALLEST = 20;
/** Of all messages of the run. */
const SHARE = 0.5;
const LIFE_MS = { least: 90_000, most: 150_000 };
/** Nobody resumes it: its messages end as expired. */
const LEFT_PAUSED_LIFE_MS = 40_000;
const TWICE = 0.05;
const DEFERRED = 0.3;
const LATER = { share: 0.2, mostMs: 6_000 };
const PLAYED = 0.2;
const CONTROLLED = 0.03;
const CONTROLLED_WITHIN_MS = 3_000;
/** Half of them are people whom single messages are for as well. */
const STRANGERS = 5_000_000;

/** What is asked, one after the other: milliseconds after the one before, at most. */
const ORDERS: readonly (readonly [CampaignOrder['kind'], number][])[] = [
  [],
  [
    ['pause', 1_500],
    ['resume', 12_000],
  ],
  [['cancel', 2_000]],
  [
    ['pause', 500],
    ['resume', 5_000],
    ['pause', 1_000],
    ['resume', 5_000],
    ['cancel', 1_500],
  ],
  [
    ['pause', 1_500],
    ['cancel', 10_000],
  ],
  [
    ['pause', 300],
    ['pause', 1_000],
    ['resume', 8_000],
    ['resume', 500],
  ],
  [['cancel', 100]],
  [['pause', 800]],
];

/** @param crowd how many people single messages of a channel are for */
export function planCampaigns(
  { campaigns, messages, spanMs }: { campaigns: number; messages: number; spanMs: number },
  { random, now, crowd }: { random: Random; now: number; crowd(channel: Channel): number },
): CampaignPlan[] {
  const room = Math.max(SMALLEST, Math.min(LARGEST, (2 * SHARE * messages) / Math.max(1, campaigns)));
  return Array.from({ length: campaigns }, (_, number) => {
    // Large and small, and every channel with each of the orders in the end: from round to round they move on by one.
    const channel = SERVED[number % SERVED.length]!;
    const most = channel.settings['rate'] === undefined ? Math.min(room, LARGEST_OF_SLOW) : room;
    const size = Math.round(SMALLEST + random() * (most - SMALLEST));
    const orders = ORDERS[(number + 2 * Math.floor(number / SERVED.length)) % ORDERS.length]!;
    const id = `${channel.name}-c${number}`;
    const people = peopleOf(id, { channel, size, crowd: crowd(channel), now }, random);
    return {
      ...{ id, channel, recipients: people, starts: startsOf(number, people.length, random) },
      atMs: Math.round(((number + random()) / campaigns) * spanMs * 0.9),
      common: commonOf(id, channel, random),
      delayMs: random() < LATER.share ? Math.round(random() * LATER.mostMs) : 0,
      lifeMs: orders.at(-1)?.[0] === 'pause' ? LEFT_PAUSED_LIFE_MS : between(LIFE_MS, random),
      orders: orders.map(([kind, mostMs]) => ({ kind, afterMs: Math.round(random() * mostMs) })),
      controls: controlsOf(people, random),
    };
  });
}

const between = ({ least, most }: { least: number; most: number }, random: Random): number =>
  Math.round(least + random() * (most - least));

function commonOf(id: string, channel: Channel, random: Random): CampaignPlan['common'] {
  const { to: _, ...fields } = channel.to(0);
  return {
    ...fields,
    ...{ channel: channel.name, content: campaignText(id), data: { name: EVERYBODY } },
    priority: Math.floor(random() * 11),
    ...(random() < DEFERRED && { onQuota: 'defer' }),
    meta: { campaign: id },
  };
}

interface People {
  channel: Channel;
  size: number;
  crowd: number;
  now: number;
}

/** Some are named twice, in the same list of 500 or in another. */
function peopleOf(id: string, { channel, size, crowd, now }: People, random: Random): CampaignRecipient[] {
  // Discourse refuses one text for several people as too similar, so there everybody has a name.
  const named = channel.account === 'discourse' ? 1 : [0, 0.5, 1][Math.floor(random() * 3)]!;
  const numbers = new Set<number>();
  while (numbers.size < size) {
    const known = numbers.size < Math.min(size, crowd) / 2;
    numbers.add(known ? Math.floor(random() * crowd) : STRANGERS + numbers.size);
  }
  const people = [...numbers].map((number) => {
    const { to } = channel.to(number);
    const key = keyOf(to);
    const data = random() < named ? { data: { name: nameOf(key) } } : {};
    const played = random() < PLAYED ? { lastPlayedAt: new Date(now) } : {};
    return { ...{ to, id: campaignMessageId(id, key) }, ...data, ...played };
  });
  return people.flatMap((each) => {
    if (random() >= TWICE) return [each];
    return [each, random() < 0.5 ? each : people[Math.floor(random() * people.length)]!];
  });
}

/** As Herald and the simulated platforms name a recipient. */
function keyOf(to: MessageInput['to']): string {
  const [value] = Object.values(to) as (number | string | (number | string)[])[];
  return Array.isArray(value) ? value.join(',') : `${value}`;
}

/** By one; by one that crashes, and again; by two at once; by another one with another order. */
function startsOf(number: number, size: number, random: Random): CampaignStart[] {
  const once = { afterMs: 0 };
  const crashing = { afterMs: 0, crashesAfter: Math.floor(random() * size) };
  switch (number % 4) {
    case 0:
      return [crashing, { afterMs: Math.round(random() * 2_000) }];
    case 1:
      return [once, { afterMs: Math.round(random() * 300) }];
    case 2:
      return [once, { afterMs: Math.round(random() * 2_000), reversed: true }];
    default:
      return [once];
  }
}

const controlsOf = (people: readonly CampaignRecipient[], random: Random): CampaignPlan['controls'] =>
  people.flatMap(({ id }) => {
    if (random() >= CONTROLLED) return [];
    return [{ id, controls: [{ kind: 'cancel', afterMs: Math.round(random() * CONTROLLED_WITHIN_MS) }] }];
  });
