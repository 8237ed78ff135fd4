import type { Redis } from 'ioredis';
import type { Installation } from '../../channels/installation.ts';
import { type Check, failed, ok } from '../../check.ts';
import { createClockGuard } from '../../redis/clock-guard.ts';
import { clusterChecks, sideBySide } from '../../redis/cluster-checks.ts';
import { isLostConnection, isRefusal, refusalCode } from '../../redis/errors.ts';
import { PROBE_KEY } from '../../redis/keys.ts';
import { redisChecks } from '../../redis/server-checks.ts';
import { readRedisFacts } from '../../redis/server-facts.ts';
import { createStoreClock, MAX_OFFSET_MS } from '../../redis/store-clock.ts';
import { probeWrites } from '../../redis/write-probe.ts';
import { accountChecks } from './account-checks.ts';
import { channelChecks } from './channel-checks.ts';

/**
 * Runs all checks of `doctor` on a Redis that is reachable. A command that Redis forbids is a finding, too.
 * @param withCredentials whether the credentials of the channels are resolved, so that platforms can be checked
 */
export async function examine(installation: Installation, withCredentials: boolean): Promise<Check[]> {
  const facts = await readRedisFacts(installation.directory);
  return [
    ok('redis', `answers at ${placeOf(installation.directory)}.`),
    ...(await unlessRefused('cluster', () => clusterChecks(installation.directory, facts))),
    ...(await serverChecks(installation)),
    ...(await writeChecks(installation)),
    ...(await unlessRefused('clock', () => clockChecks(installation))),
    ...(await unlessRefused('channels', () => channelChecks(installation))),
    ...(withCredentials ? await accountChecks(installation) : []),
  ];
}

/** The connected address: the options do not name the master that Sentinel found. */
const addressOf = ({ options: { host, port, sentinels }, stream }: Redis): string =>
  sentinels ? `${stream.remoteAddress}:${stream.remotePort}` : `${host}:${port}`;

function placeOf(redis: Redis): string {
  const { sentinels, name } = redis.options;
  return sentinels ? `${addressOf(redis)}, the master ${name} of Sentinel` : addressOf(redis);
}

/** A cluster's master that does not answer is a finding; on a single server, nothing else could be checked. */
async function serverChecks({ servers, directory }: Installation): Promise<Check[]> {
  const all = await servers();
  const examined = all.map(async (redis) => {
    try {
      return { name: addressOf(redis), checks: redisChecks(await readRedisFacts(redis)) };
    } catch (error) {
      if (redis === directory || !isLostConnection(error)) throw error;
      return { name: addressOf(redis), checks: [failed('redis', 'does not answer: its channels wait.')] };
    }
  });
  return sideBySide(await Promise.all(examined));
}

async function unlessRefused(name: string, run: () => Promise<Check[]>): Promise<Check[]> {
  try {
    return await run();
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const why =
      refusalCode(error.message) === 'WRONGTYPE'
        ? "a key of Herald's holds another type"
        : 'its user lacks permissions that workers need';
    return [failed(name, `Redis refused: ${error.message}; ${why}.`)];
  }
}

/** The connections that workers use, each with a key to test writes on. */
function placesOf({ directory, channels }: Installation): { name: string; redis: Redis; probeKey: string }[] {
  const places = new Map([[directory, PROBE_KEY]]);
  for (const { store } of channels.flatMap(({ stores }) => stores))
    if (!places.has(store.redis)) places.set(store.redis, store.keys.probe);
  return [...places].map(([redis, probeKey]) => ({ name: addressOf(redis), redis, probeKey }));
}

/** The same test as a worker's, every few seconds. */
async function writeChecks(installation: Installation): Promise<Check[]> {
  const tried = placesOf(installation).map(async ({ name, redis, probeKey }) => {
    try {
      await probeWrites(redis, probeKey);
      return { name, checks: [ok('writes', 'Redis takes writes.')] };
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const text = `Redis refuses writes, and nothing is sent: ${error.message}`;
      return { name, checks: [failed('writes', text)] };
    }
  });
  return sideBySide(await Promise.all(tried));
}

/** Of several servers, the one whose clock is farthest from this machine's. */
async function clockChecks(installation: Installation): Promise<Check[]> {
  const clocks = await Promise.all(
    placesOf(installation).map(async ({ redis }) => {
      const clock = createStoreClock(installation.clock);
      await createClockGuard(redis, clock, () => {}).measure();
      return { agrees: clock.agrees(), offset: clock.offsetMs() ?? 0 };
    }),
  );
  const [{ agrees, offset }] = clocks.toSorted((a, b) => Math.abs(b.offset) - Math.abs(a.offset)) as [
    (typeof clocks)[number],
  ];
  const text = `this machine is ${Math.abs(offset)} ms ${offset < 0 ? 'behind' : 'ahead of'} Redis`;
  if (agrees) return [ok('clock', `${text}.`)];
  return [
    failed(
      'clock',
      `${text}, at most ${MAX_OFFSET_MS} ms allowed: workers here take no messages; run a time service (NTP).`,
    ),
  ];
}
