import { examine } from '../../src/admin/doctor/doctor.ts';
import { openInstallation } from '../../src/channels/installation.ts';
import type { Check } from '../../src/check.ts';
import { systemClock } from '../../src/clock.ts';
import { platforms } from '../../src/platforms/registry.ts';
import type { RedisAddress } from '../../src/redis/address.ts';

/** What `herald doctor` finds at a Redis, without a configuration of channels. */
export async function diagnose(redis: RedisAddress): Promise<Check[]> {
  const installation = await openInstallation({ redis, channels: [] }, { platforms, clock: systemClock });
  try {
    return await examine(installation, false);
  } finally {
    await installation.close();
  }
}
