import type { Installation } from '../channels/installation.ts';
import { type Check, failed, ok } from '../check.ts';
import { createClockGuard } from '../redis/clock-guard.ts';
import { isRefusal, refusalCode } from '../redis/errors.ts';
import { PROBE_KEY } from '../redis/keys.ts';
import { redisChecks } from '../redis/server-checks.ts';
import { readRedisFacts } from '../redis/server-facts.ts';
import { createStoreClock, MAX_OFFSET_MS } from '../redis/store-clock.ts';
import { probeWrites } from '../redis/write-probe.ts';
import { accountChecks } from './account-checks.ts';
import { channelChecks } from './channel-checks.ts';

/**
 * Runs all checks of `doctor` on a Redis that is reachable. A command that Redis forbids is a finding, too.
 * @param withCredentials whether the credentials of the channels are resolved, so that platforms can be checked
 */
export async function examine(installation: Installation, withCredentials: boolean): Promise<Check[]> {
  const { directory: redis } = installation;
  const { host, port } = redis.options;
  return [
    ok('redis', `answers at ${host}:${port}.`),
    ...redisChecks(await readRedisFacts(redis)),
    await writeCheck(installation),
    ...(await unlessRefused('clock', async () => [await clockCheck(installation)])),
    ...(await unlessRefused('channels', () => channelChecks(installation))),
    ...(withCredentials ? await accountChecks(installation) : []),
  ];
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

/** What a worker tries every few seconds. */
async function writeCheck({ directory: redis }: Installation): Promise<Check> {
  try {
    await probeWrites(redis, PROBE_KEY);
    return ok('writes', 'Redis takes writes.');
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return failed('writes', `Redis refuses writes, and nothing is sent: ${error.message}`);
  }
}

async function clockCheck({ directory: redis, clock }: Installation): Promise<Check> {
  const guard = createClockGuard(redis, createStoreClock(clock), () => {});
  await guard.measure();
  const offset = guard.offsetMs() ?? 0;
  const text = `this machine is ${Math.abs(offset)} ms ${offset < 0 ? 'behind' : 'ahead of'} Redis`;
  if (guard.agrees()) return ok('clock', `${text}.`);
  return failed(
    'clock',
    `${text}, at most ${MAX_OFFSET_MS} ms allowed: workers here take no messages; run a time service (NTP).`,
  );
}
