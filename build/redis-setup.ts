import { ownRedis } from '../testing/own-redis.ts';

/** A bare Debian has no Redis: gets it in the way of `npm run demo`, or says before the first test how to get one. */
export async function setup(): Promise<void> {
  const redis = await ownRedis({ env: process.env }, console.log);
  await redis.stop();
}
