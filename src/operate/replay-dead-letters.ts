import { systemClock } from '../clock.ts';
import type { ChannelConfig } from '../config/schema.ts';
import { platforms } from '../platforms/registry.ts';
import { type InstallationOptions, openInstallation } from './installation.ts';
import { type LetterSelection, planLetters } from './letter-selection.ts';
import { type ReplayOptions, type ReplayResult, replayLetters } from './replay.ts';
import { replayableReasons } from './replay-warnings.ts';

export interface ReplayDeadLettersOptions
  extends LetterSelection,
    Pick<ReplayOptions, 'perSecond' | 'signal' | 'onReplayed'> {
  /** A redis:// or rediss:// URL, or an ioredis instance, which is duplicated and never closed. */
  redis: InstallationOptions['redis'];
  /** Channels that no worker has announced. */
  configured?: readonly ChannelConfig[];
}

export type ReplayDeadLettersResult = ReplayResult & { unknownIds: string[] };

/**
 * Replays dead letters from a program: each goes back to its queue as a new run with a full budget, and the workers
 * check expiry, eligibility, slot and rate again. Letters that die from now on are left alone, so it ends.
 *
 * `unconfirmed` letters may have arrived: they are replayed only where `reasons` names them.
 * @throws RedisUnreachableError
 */
export async function replayDeadLetters({
  redis,
  configured = [],
  ...options
}: ReplayDeadLettersOptions): Promise<ReplayDeadLettersResult> {
  const installation = await openInstallation(
    { redis, channels: configured },
    { platforms, clock: systemClock },
  );
  try {
    const plan = await planLetters(installation, {
      ...options,
      reasons: replayableReasons(options.reasons),
    });
    const result = await replayLetters(installation, plan.read(), options);
    return { ...result, unknownIds: plan.unknownIds };
  } finally {
    await installation.close();
  }
}
