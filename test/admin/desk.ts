import {
  type Installation,
  type InstallationOptions,
  openInstallation,
} from '../../src/admin/installation.ts';
import { systemClock } from '../../src/clock.ts';
import { type ReplayOptions, type ReplayResult, replayLetters } from '../../src/dead-letters/replay.ts';
import { type LetterSelection, planLetters } from '../../src/dead-letters/selection.ts';
import { ledgerBase } from '../../src/jobs/queues.ts';
import { platforms } from '../../src/platforms/registry.ts';
import { eventually } from '../support/eventually.ts';
import { CHANNEL, type Scene, it as sceneIt } from '../support/scene.ts';

interface Desks {
  /** What an operator on another host sees of a scene: the channels that its workers announced, no configuration. */
  openDesk: (scene: Scene, options?: Partial<InstallationOptions>) => Promise<Installation>;
}

export const it = sceneIt.extend<Desks>({
  openDesk: async ({ openScene: _ }, use) => {
    const desks: Installation[] = [];
    await use(async (scene, options = {}) => {
      const where = { redis: scene.server.url, channels: [], ...options };
      const desk = await openInstallation(where, { platforms, clock: systemClock });
      desks.push(desk);
      return desk;
    });
    await Promise.all(desks.map((desk) => desk.close()));
  },
});

export const lettersIn = async ({ redis }: Scene): Promise<number> =>
  await redis.hlen(`${ledgerBase(CHANNEL)}:letters`);

/** Messages to players that the platform does not know: they die as `bad_recipient`. */
export async function bury(scene: Scene, userIds: readonly number[]): Promise<string[]> {
  const ids: string[] = [];
  for (const userId of userIds) {
    const before = await lettersIn(scene);
    ids.push(await scene.send(userId, { id: `to-${userId}` }));
    await eventually(
      'a dead letter',
      () => lettersIn(scene),
      (count) => count > before,
    );
  }
  return ids;
}

/** From now on the platform knows them. */
export const welcome = (scene: Scene, userIds: readonly number[]): void =>
  scene.sandbox.kongregate.players.set(...userIds.map((userId) => ({ userId, state: 'played' as const })));

export async function replayAll(
  desk: Installation,
  selection: LetterSelection = {},
  options: ReplayOptions = {},
): Promise<ReplayResult> {
  const plan = await planLetters(desk, selection);
  return await replayLetters(desk, plan.read(), options);
}

export const REPLAYED: ReplayResult = {
  replayed: 0,
  alreadyReplayed: 0,
  alreadyDelivered: 0,
  failed: 0,
  interrupted: false,
};
