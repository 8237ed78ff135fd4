import { findChannel, type InstallationOptions, openInstallation } from '../admin/installation.ts';
import { systemClock } from '../clock.ts';
import { platforms } from '../platforms/registry.ts';
import { UnknownChannelError } from '../producer/errors.ts';
import { type ReplayOptions, type ReplayResult, replayLetters } from './replay.ts';
import { replayableReasons } from './replay-warnings.ts';
import { type LetterSelection, planLetters } from './selection.ts';

export interface ReplayDeadLettersOptions
  extends LetterSelection,
    Pick<ReplayOptions, 'perSecond' | 'signal' | 'onReplayed'> {
  /** A redis:// or rediss:// URL, or an ioredis instance, which is duplicated and never closed. */
  redis: InstallationOptions['redis'];
}

export type ReplayDeadLettersResult = ReplayResult & { unknownIds: string[] };

/**
 * Replays dead letters from a program: each goes back to its queue as a new run with a full budget, and the workers
 * check expiry, eligibility, slot and rate again. Letters that die from now on are left alone, so it ends.
 *
 * `unconfirmed` letters may have arrived: they are replayed only where `reasons` names them.
 * @throws RedisUnreachableError, DatabaseRefusedError
 * @throws UnknownChannelError for a channel that no worker has served
 */
export async function replayDeadLetters({
  redis,
  ...options
}: ReplayDeadLettersOptions): Promise<ReplayDeadLettersResult> {
  const installation = await openInstallation({ redis, channels: [] }, { platforms, clock: systemClock });
  try {
    const unknown = options.channels?.find((name) => !findChannel(installation, name));
    if (unknown !== undefined)
      throw new UnknownChannelError(unknown, { advice: 'Only a worker makes dead letters.' });
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
