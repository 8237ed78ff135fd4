import { setTimeout as wait } from 'node:timers/promises';
import { systemClock } from '../src/clock.ts';
import type { CampaignState } from '../src/ledger/campaigns.ts';
import { readCampaign } from '../src/ledger/campaigns.ts';
import { campaignMessageId } from '../src/ledger/names.ts';
import { channelStore } from '../src/redis/channel-store.ts';
import { eventually } from '../testing/eventually.ts';
import { STEPS, type Step } from '../testing/failpoints.ts';
import { unhurried } from '../testing/slowness.ts';
import type { Breach, History } from './breach.ts';
import type { CampaignPlan, CampaignRecipient } from './campaign-plan.ts';
import { type Begun, openCampaigns } from './campaigns.ts';
import { channelOf } from './channels.ts';
import { check } from './checker.ts';
import { placeOf } from './faults.ts';
import { arm, DRAIN_MS, openFleet } from './fleet.ts';
import { gather } from './history.ts';
import { leftIn } from './left.ts';
import { campaignText, EVERYBODY, nameOf } from './message-ids.ts';
import { openPlatforms } from './platforms.ts';
import { openOneNode } from './stores/one-node.ts';

/**
 * One large campaign on a quota channel whose platform takes whatever it gets. Its starter crashes half way and starts again, its
 * worker is killed in the middle of its jobs, at each step in turn; it is paused and resumed, and cancelled when half of it
 * has ended.
 */
export interface DrillOptions {
  recipients: number;
  /** At which its worker is killed, one after the other. */
  kills: readonly Step[];
  /** Messages a second. */
  rate: number;
  seed: number;
  logs: string;
  tell(line: string): void;
}

export interface DrillFindings {
  state: CampaignState;
  /** Kills, by where they struck. */
  kills: readonly string[];
  /** Recipients that the platform accepted a message for. */
  reached: number;
  histories: readonly History[];
  breaches: readonly Breach[];
  complaints: readonly string[];
  seconds: number;
}

/** Each of them: what is over is passed over only where a worker died before. */
export const EVERY_STEP: readonly Step[] = [...STEPS.slice(1), STEPS[0]];

const CHANNEL = channelOf('lenient');
/** Longer than the drill, so that nobody may get another one. */
const WINDOW_MS = 3_600_000;
const LIFE_MS = 1_800_000;
const TWICE_EVERY = 100;
const NAMED_EVERY = 5;
/** Of the recipients. */
const CANCELLED_AT = 0.5;
const PAUSED_MS = 6_000;
/** A job whose worker died comes back after up to 19 s. */
const REACHED_WITHIN_MS = 30_000;
const ENDED_WITHIN_MS = 300_000;
/** Requests that cannot be made are made later, in jobs of their own. */
const REFUSED_MS = 400;
const NEEDS_LEAVING = new Set<Step>(['leaving', 'left']);
/** It is reached where the job of a worker that died comes back. On a slow machine that is over before much more has ended. */
const FOLLOWS_A_DEATH: Step = 'passing_over';

export async function campaignDrill(options: DrillOptions): Promise<DrillFindings> {
  const { recipients, kills, rate, seed, logs, tell } = options;
  const startedAt = systemClock.monotonic();
  const struck: string[] = [];
  const pickups = new Map<string, number>();
  const store = await openOneNode(systemClock);
  const platforms = await openPlatforms(systemClock, seed);
  const settings = {
    ...{ ...CHANNEL.settings, quota: { per: `${WINDOW_MS}ms` }, platformDay: `${WINDOW_MS}ms` },
    ...{ rate: { max: rate, per: '1s' }, concurrency: 50 },
  };
  const fleet = await openFleet({
    ...{ size: 1, store, logs, clock: systemClock },
    onPickup({ message }) {
      if (!pickups.has(message)) pickups.set(message, systemClock.now());
    },
    onFailpoint: (failpoint) => struck.push(placeOf(failpoint)),
    config: (redis) => ({
      ...{ redis, http: { port: 0 }, drainTimeout: `${DRAIN_MS}ms`, receipts: { keep: 10_000_000 } },
      channels: platforms.channels([CHANNEL], settings),
    }),
  });
  const campaigns = openCampaigns(store, systemClock);
  const plan = planOf(recipients);
  const read = async (): Promise<CampaignState | undefined> =>
    await readCampaign(channelStore(store.of(CHANNEL.name), CHANNEL.name), plan.id);

  /** Resolves when so many have ended. */
  async function progressed(count: number): Promise<void> {
    const what = `${count} of the recipients to end`;
    await eventually(what, read, (state) => endedOf(state) >= count, { withinMs: ENDED_WITHIN_MS });
  }

  async function killAt(step: Step): Promise<void> {
    const [place] = fleet.places;
    const { worker } = place!;
    await worker.ready();
    arm(place!, { at: step, inMany: 'campaign', does: 'die' });
    const until = systemClock.monotonic() + unhurried(REACHED_WITHIN_MS);
    while (place!.worker === worker && systemClock.monotonic() < until) {
      if (NEEDS_LEAVING.has(step)) for (const proxy of platforms.proxies) await proxy.refuse(REFUSED_MS);
      await Promise.race([worker.end, wait(2 * REFUSED_MS)]);
    }
    if (place!.worker !== worker) return;
    struck.push('at any moment');
    fleet.kill(place!);
    await worker.end;
  }

  async function pauseAndResume(campaign: Begun): Promise<void> {
    await campaigns.ask(campaign, 'pause');
    await wait(PAUSED_MS);
    await campaigns.ask(campaign, 'resume');
  }

  try {
    await fleet.start();
    const campaign = campaigns.begin(plan);
    for (const [number, step] of kills.entries()) {
      if (step !== FOLLOWS_A_DEATH)
        await progressed(Math.round((recipients * CANCELLED_AT * (number + 0.5)) / (kills.length + 1)));
      await killAt(step);
      tell(`killed ${struck.at(-1)}; ended ${endedOf(await read())} of ${recipients}`);
      if (number === Math.floor(kills.length / 2)) await pauseAndResume(campaign);
    }
    await progressed(Math.round(recipients * CANCELLED_AT));
    await campaigns.ask(campaign, 'cancel');
    await campaign.started;
    const left = (): Promise<number> => leftIn(store, CHANNEL);
    await eventually('the queue to be empty', left, (jobs) => jobs === 0, { withinMs: ENDED_WITHIN_MS });
    await campaigns.count(store);
    const histories = await gather(store, platforms, {
      ...{ acknowledged: new Set(campaigns.acknowledged()), times: new Map(campaigns.times()) },
      ...{ forgettings: [], controls: new Map(), pickups, campaigns: campaigns.begun },
    });
    const calls = histories.flatMap((each) => each.calls).filter(({ result }) => result === 'accepted');
    return {
      state: campaign.book.state!,
      ...{ kills: struck, reached: new Set(calls.map(({ recipient }) => recipient)).size },
      histories,
      ...{ breaches: histories.flatMap(check), complaints: fleet.complaints },
      seconds: (systemClock.monotonic() - startedAt) / 1000,
    };
  } finally {
    await fleet.close();
    await campaigns.close();
    await platforms.close();
    await store.close();
  }
}

const endedOf = (state: CampaignState | undefined): number =>
  state?.ends.reduce((sum, { count }) => sum + count, 0) ?? 0;

function planOf(size: number): CampaignPlan {
  const id = `${CHANNEL.name}-c1`;
  const { to: _, ...fields } = CHANNEL.to(0);
  const recipientOf = (number: number): CampaignRecipient => {
    const { to } = CHANNEL.to(number);
    const key = `${Object.values(to)[0]}`;
    const data = number % NAMED_EVERY === 0 ? { data: { name: nameOf(key) } } : {};
    return { to, ...data, id: campaignMessageId(id, key) };
  };
  return {
    ...{ id, channel: CHANNEL, atMs: 0, delayMs: 0, lifeMs: LIFE_MS, orders: [], controls: [] },
    common: {
      ...{ ...fields, channel: CHANNEL.name, content: campaignText(id), data: { name: EVERYBODY } },
      priority: 5,
    },
    recipients: Array.from({ length: size }, (_, number) =>
      // Somebody who was named far before.
      recipientOf(number % TWICE_EVERY === TWICE_EVERY - 1 ? Math.floor(number / 2) : number),
    ),
    starts: [{ afterMs: 0, crashesAfter: Math.floor(size / 2) }, { afterMs: 1_000 }],
  };
}
