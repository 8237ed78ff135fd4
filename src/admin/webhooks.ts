import type { Installation } from '../channels/installation.ts';
import { positionFrom, storesNamed } from '../receipts/cursor.ts';
import { type Backlog, type Missing, readBacklog } from '../receipts/pages.ts';
import { WEBHOOKS_KEY } from '../redis/keys.ts';
import { channelOfStore } from '../redis/shards.ts';
import { storeTime } from '../redis/store-clock.ts';
import type { Position } from '../webhooks/progress.ts';
import { type EndpointFacts, readEndpoint } from '../webhooks/record.ts';

/**
 * How far an endpoint that receipts are posted to is. Times in milliseconds since the epoch by the store's clock, but `gone`,
 * `restingUntil` and the `at` of `missed`, which are by that of the process that posts.
 */
export interface WebhookStatus {
  endpoint: string;
  /**
   * `unreadable`: what Redis has of how far it is cannot be read, so nothing is posted. `gone`: it answered 410 and gets nothing more. `unserved`: no process posts to it. `resting`: it fails, or asked for a rest.
   * `behind`: receipts wait to be posted.
   */
  state: 'up_to_date' | 'behind' | 'resting' | 'unserved' | 'gone' | 'unreadable';
  channels: string[];
  /** Receipts that it has not accepted, of all states, as far as it can be read. */
  behind: Missing;
  /** When the oldest of them was written; null without one. */
  since: number | null;
  restingUntil: number | null;
  gone: number | null;
  /** Receipts that it will never get, of all states, and when that was found last; null where none is known of. */
  missed: (Missing & { at: number }) | null;
}

/** @param only endpoints of one of these channels; all of them when absent */
export async function readWebhooks(
  installation: Installation,
  only?: readonly string[],
): Promise<WebhookStatus[]> {
  const { directory } = installation;
  const names = (await directory.smembers(WEBHOOKS_KEY)).toSorted();
  const read = names.map(async (name) => [name, await readEndpoint(directory, name)] as const);
  const found = await Promise.all(read);
  const gone = found.flatMap(([name, facts]) => (facts ? [] : [name]));
  if (gone.length > 0) await directory.srem(WEBHOOKS_KEY, ...gone);
  const now = await storeTime(directory);
  const wanted = found.flatMap(([name, facts]) => (facts && isOf(facts, only) ? [{ name, facts }] : []));
  return await Promise.all(wanted.map(({ name, facts }) => statusOf(installation, name, facts, now)));
}

const isOf = ({ positions }: EndpointFacts, only: readonly string[] | undefined): boolean =>
  only?.some((channel) => positions.has(channel)) ?? true;

async function statusOf(
  installation: Installation,
  endpoint: string,
  facts: EndpointFacts,
  now: number,
): Promise<WebhookStatus> {
  const { gone, rest, until, positions } = facts;
  const read = readablePositions(facts).map(async ([channel, { after, ahead, passed }]) => {
    const backlogs = await backlogsOf(installation, channel, after);
    return [
      ...backlogs,
      { waiting: { count: -(ahead.length + passed), exact: true }, since: null, cut: null },
    ];
  });
  const backlogs: Backlog[] = (await Promise.all(read)).flat();
  const behind = sum(backlogs.map(({ waiting }) => waiting));
  const instants = backlogs.flatMap(({ since }) => (since === null ? [] : [since]));
  const restingUntil = rest !== undefined && rest > now ? rest : null;
  return {
    endpoint,
    state: stateOf({
      isReadable: read.length === positions.size,
      gone,
      isServed: until > now,
      restingUntil,
      behind: behind.count,
    }),
    channels: [...positions.keys()],
    behind,
    since: behind.count > 0 ? Math.min(...instants) : null,
    restingUntil,
    gone: gone ?? null,
    missed: missedOf(facts, backlogs, now),
  };
}

async function backlogsOf(installation: Installation, channel: string, after: string): Promise<Backlog[]> {
  const positionOf = positionFrom(after);
  const known = installation.channels.find(({ name }) => name === channel);
  const present = known?.stores.map(({ store }) => store.name) ?? [channel];
  const named = storesNamed(after).filter((store) => channelOfStore(store) === channel);
  const stores = [...new Set([...present, ...named])].map(installation.storeOf);
  return await Promise.all(stores.map(({ redis, name }) => readBacklog(redis, name, positionOf(name))));
}

const readablePositions = ({ positions }: EndpointFacts): [channel: string, position: Position][] =>
  [...positions].flatMap(([channel, position]) => (position ? [[channel, position]] : []));

function stateOf(endpoint: {
  isReadable: boolean;
  gone: number | undefined;
  isServed: boolean;
  restingUntil: number | null;
  behind: number;
}): WebhookStatus['state'] {
  if (!endpoint.isReadable) return 'unreadable';
  if (endpoint.gone !== undefined) return 'gone';
  if (!endpoint.isServed) return 'unserved';
  if (endpoint.restingUntil !== null) return 'resting';
  return endpoint.behind > 0 ? 'behind' : 'up_to_date';
}

/** What was found missing, and what is cut off by now. */
function missedOf(facts: EndpointFacts, backlogs: readonly Backlog[], now: number): WebhookStatus['missed'] {
  const found = readablePositions(facts).flatMap(([, { missed }]) => (missed ? [missed] : []));
  const cut = backlogs.flatMap((each) => (each.cut ? [{ ...each.cut, at: now }] : []));
  const all = [...found, ...cut];
  return all.length === 0 ? null : { ...sum(all), at: Math.max(...all.map(({ at }) => at)) };
}

const sum = (all: readonly Missing[]): Missing => ({
  count: Math.max(
    0,
    all.reduce((total, { count }) => total + count, 0),
  ),
  exact: all.every(({ exact }) => exact),
});
