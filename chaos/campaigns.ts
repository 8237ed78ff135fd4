import { setTimeout as wait } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { createProducer } from '../src/app.ts';
import type { Clock } from '../src/clock.ts';
import { controlCampaign } from '../src/jobs/control-campaign.ts';
import { type CampaignState, readCampaign } from '../src/ledger/campaigns.ts';
import { CampaignCancelledError, InterruptedError } from '../src/producer/errors.ts';
import { type ChannelStore, channelStore } from '../src/redis/channel-store.ts';
import type { Times } from './breach.ts';
import type { CampaignOrder, CampaignPlan, CampaignRecipient, CampaignStart } from './campaign-plan.ts';
import { CHANNELS, shardsOf } from './channels.ts';
import { type Controller, openController } from './controller.ts';
import { persistently, TIMEOUT_MS } from './persistently.ts';
import type { Store, Way } from './stores/store.ts';
import type { Undone } from './undone.ts';

/** Starts campaigns, crashes in the middle of it, pauses, resumes and cancels them, and writes down what it was answered. */
export interface Campaigns {
  readonly begun: readonly CampaignBook[];
  readonly controls: Controller['carriedOut'];
  /** `<channel> <message>` of those that a start was told to have listed all. */
  acknowledged(): string[];
  /** Of all messages. */
  times(): [id: string, Times][];
  /** Starts it as often as it should be. */
  begin(plan: CampaignPlan): Begun;
  /** Asks until it is answered, and of a campaign that is not there yet again. */
  ask(campaign: Begun, kind: CampaignOrder['kind']): Promise<CampaignAnswer['status']>;
  /** Starts it, and asks of it what is planned; one that is resumed at last stays so. Resolves when all is done. */
  run(plan: CampaignPlan, undone: Pick<Undone, 'keep'>): Promise<void>;
  /** Reads what the store has counted, while it remembers. */
  count(store: Pick<Store, 'of'>): Promise<void>;
  close(): Promise<void>;
}

export interface CampaignBook {
  plan: CampaignPlan;
  sendAt: number;
  expiresAt: number;
  /** A start was answered that all of its recipients are listed. */
  isComplete: boolean;
  /** What all starts together were told to have listed; answers that were lost are not in it. */
  told: number;
  orders: CampaignAnswer[];
  /** Why it could not be started. */
  failure?: string;
  /** As the store has it in the end. */
  state?: CampaignState | undefined;
}

export interface CampaignAnswer {
  kind: CampaignOrder['kind'];
  askedAt: number;
  answeredAt: number;
  status: 'running' | 'paused' | 'cancelled' | 'unknown';
}

export interface Begun {
  readonly book: CampaignBook;
  /** Resolves when every start has ended. */
  readonly started: Promise<void>;
  readonly isStarted: boolean;
}

type CampaignInput = Parameters<ReturnType<typeof createProducer>['campaign']>[0];

class StarterCrash extends Error {}

const LOOK_MS = 50;

/** @param way which may be a link that breaks */
export function openCampaigns(way: Way, clock: Pick<Clock, 'now'>): Campaigns {
  const begun: CampaignBook[] = [];
  const channels = CHANNELS.map(({ name, account }) => ({ name, platform: account }));
  const redis = way.option;
  const producer = createProducer({ redis, channels, timeoutMs: TIMEOUT_MS });
  const clients = new Map<string, Redis>();
  const enqueued = new Set<string>();
  const controller = openController({ redis, clock, isEnqueued: (id) => enqueued.has(id) });

  /** As an application does that keeps at it: what a start left undone the next one makes up for. */
  async function start(book: CampaignBook, { afterMs, ...how }: CampaignStart): Promise<void> {
    await wait(afterMs);
    const { plan } = book;
    const specification = specificationOf(book);
    const list = async (): Promise<'listed' | 'ended'> => {
      try {
        const { listed, invalid } = await producer.campaign(specification, handedOver(plan, how));
        book.told += listed;
        if (invalid.length > 0) book.failure = `refused ${JSON.stringify(invalid[0])}`;
        return 'listed';
      } catch (error) {
        if (error instanceof InterruptedError) book.told += error.progress.listed;
        const cause = error instanceof InterruptedError ? error.cause : error;
        if (cause instanceof CampaignCancelledError || cause instanceof StarterCrash) return 'ended';
        throw error;
      }
    };
    try {
      if ((await persistently(list)) === 'ended') return;
      book.isComplete = true;
      for (const { id } of plan.recipients) enqueued.add(id);
    } catch (error) {
      book.failure = String(error);
    }
  }

  function begin(plan: CampaignPlan): Begun {
    const now = clock.now();
    const times = { sendAt: plan.delayMs > 0 ? now + plan.delayMs : 0, expiresAt: now + plan.lifeMs };
    const book: CampaignBook = { plan, ...times, isComplete: false, told: 0, orders: [] };
    begun.push(book);
    let isStarted = false;
    const started = Promise.all(plan.starts.map((each) => start(book, each))).then(() => {
      isStarted = true;
    });
    return {
      ...{ book, started },
      get isStarted() {
        return isStarted;
      },
    };
  }

  function clientFor(store: string): Redis {
    const client = clients.get(store) ?? way.connect(store, { maxRetriesPerRequest: 1 });
    clients.set(store, client);
    return client;
  }

  const storesFor = ({ channel }: CampaignPlan): ChannelStore[] =>
    shardsOf(channel).map((name) => channelStore(clientFor(name), name));

  async function control(plan: CampaignPlan, kind: CampaignOrder['kind']): Promise<CampaignAnswer['status']> {
    const all = await Promise.all(storesFor(plan).map((store) => controlCampaign(store, plan.id, kind)));
    return (all.find(({ state }) => state === 'unknown') ?? all[0]!).state;
  }

  async function ask(campaign: Begun, kind: CampaignOrder['kind']): Promise<CampaignAnswer['status']> {
    const { plan, orders } = campaign.book;
    const askedAt = clock.now();
    for (;;) {
      const isLast = campaign.isStarted;
      // Of all shards the last: it holds where it holds in each.
      const status = await persistently(() => control(plan, kind));
      if (status !== 'unknown' || isLast) {
        orders.push({ kind, askedAt, answeredAt: clock.now(), status });
        return status;
      }
      await wait(LOOK_MS);
    }
  }

  return {
    begun,
    controls: controller.carriedOut,
    acknowledged: () =>
      begun.flatMap(({ isComplete, plan }) =>
        isComplete ? plan.recipients.map(({ id }) => `${plan.channel.name} ${id}`) : [],
      ),
    times: () =>
      begun.flatMap(({ plan, sendAt, expiresAt }) => {
        const times = { sendAt, expiresAt, defers: plan.common['onQuota'] === 'defer' };
        return plan.recipients.map(({ id }): [string, Times] => [id, times]);
      }),
    begin,
    ask,
    async run(plan, undone) {
      const campaign = begin(plan);
      for (const { id, controls } of plan.controls)
        controller.follow({ channel: plan.channel, id, controls });
      for (const { kind, afterMs } of plan.orders) {
        await wait(afterMs);
        await ask(campaign, kind);
      }
      if (plan.orders.at(-1)?.kind === 'resume')
        undone.keep({
          async holds() {
            const states = storesFor(plan).map((store) => readCampaign(store, plan.id));
            return (await Promise.all(states)).every((state) => state?.state !== 'paused');
          },
          again: () => control(plan, 'resume'),
        });
      await campaign.started;
      await controller.done();
    },
    async count(store) {
      for (const book of begun) {
        const stores = shardsOf(book.plan.channel).map((name) => channelStore(store.of(name), name));
        const states = await Promise.all(stores.map((each) => readCampaign(each, book.plan.id)));
        book.state = asOne(states.filter((state) => state !== undefined));
      }
    },
    async close() {
      await controller.close();
      await producer.close();
      for (const client of clients.values()) client.disconnect();
    },
  };
}

/** Over shards a campaign has a record in each. */
function asOne(states: readonly CampaignState[]): CampaignState | undefined {
  const [first] = states;
  if (!first) return undefined;
  const sum = (figure: (state: CampaignState) => number): number =>
    states.reduce((all, state) => all + figure(state), 0);
  const ends = new Map<string, CampaignState['ends'][number]>();
  for (const end of states.flatMap((state) => state.ends)) {
    const name = `${end.state}/${end.reason}`;
    ends.set(name, { ...end, count: end.count + (ends.get(name)?.count ?? 0) });
  }
  return {
    ...first,
    ...{ listed: sum(({ listed }) => listed), waiting: sum(({ waiting }) => waiting) },
    ...{ underWay: sum(({ underWay }) => underWay), duplicate: sum(({ duplicate }) => duplicate) },
    ...{ ends: [...ends.values()], replayed: sum(({ replayed }) => replayed) },
  };
}

function specificationOf({ plan, sendAt, expiresAt }: CampaignBook): CampaignInput {
  return {
    ...{ ...plan.common, id: plan.id, expiresAt: new Date(expiresAt).toISOString() },
    ...(sendAt > 0 && { sendAt: new Date(sendAt).toISOString() }),
  } as CampaignInput;
}

function* handedOver(
  { recipients }: CampaignPlan,
  { crashesAfter = Number.POSITIVE_INFINITY, reversed = false }: Omit<CampaignStart, 'afterMs'>,
): Generator<Omit<CampaignRecipient, 'id'>> {
  const inOrder = reversed ? recipients.toReversed() : recipients;
  for (const [number, { id: _, ...recipient }] of inOrder.entries()) {
    if (number >= crashesAfter) throw new StarterCrash('the starter crashed');
    yield recipient;
  }
}
