import {
  type Installation,
  type InstallationOptions,
  openInstallation,
} from '../../src/channels/installation.ts';
import { systemClock } from '../../src/clock.ts';
import { type ReplayOptions, type ReplayResult, replaySelected } from '../../src/dead-letters/replay.ts';
import { type DeadLetterQuery, selectDeadLetters } from '../../src/dead-letters/selection.ts';
import { platforms } from '../../src/platforms/registry.ts';
import { channelKeys } from '../../src/redis/keys.ts';
import { eventually } from '../../testing/eventually.ts';
import { CHANNEL, type Environment, it as environmentIt } from '../support/environment.ts';

interface Installations {
  /** What an operator on another host sees of a environment: the channels that its workers announced, no configuration. */
  openInstallation: (env: Environment, options?: Partial<InstallationOptions>) => Promise<Installation>;
}

export const it = environmentIt.extend<Installations>({
  openInstallation: async ({ openEnvironment: _ }, use) => {
    const installations: Installation[] = [];
    await use(async (env, options = {}) => {
      const where = { redis: env.server.url, channels: [], ...options };
      const installation = await openInstallation(where, { platforms, clock: systemClock });
      installations.push(installation);
      return installation;
    });
    await Promise.all(installations.map((installation) => installation.close()));
  },
});

export const deadLettersIn = async ({ redis }: Environment): Promise<number> =>
  await redis.hlen(`${channelKeys(CHANNEL).ledger}:letters`);

/** Messages to players that the platform does not know: they die as `bad_recipient`. */
export async function bury(env: Environment, userIds: readonly number[]): Promise<string[]> {
  const ids: string[] = [];
  for (const userId of userIds) {
    const before = await deadLettersIn(env);
    ids.push(await env.send(userId, { id: `to-${userId}` }));
    await eventually(
      'a dead letter',
      () => deadLettersIn(env),
      (count) => count > before,
    );
  }
  return ids;
}

/** From now on the platform knows them. */
export const welcome = (env: Environment, userIds: readonly number[]): void =>
  env.sandbox.kongregate.players.set(...userIds.map((userId) => ({ userId, state: 'played' as const })));

export async function replayAll(
  installation: Installation,
  selection: DeadLetterQuery = {},
  options: ReplayOptions = {},
): Promise<ReplayResult> {
  const plan = await selectDeadLetters(installation, selection);
  return await replaySelected(installation, plan.read(), options);
}

export const REPLAYED: ReplayResult = {
  replayed: 0,
  alreadyReplayed: 0,
  alreadyDelivered: 0,
  failed: 0,
  interrupted: false,
};
