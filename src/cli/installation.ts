import { type Admin, buildAdmin } from '../admin/admin.ts';
import { type Actor, processActor } from '../admin/audit.ts';
import type { BoardAccess } from '../admin/board-access.ts';
import { openBoardBackend } from '../admin/board-backend.ts';
import { findChannel, type Installation, openInstallation } from '../channels/installation.ts';
import type { ChannelConfig } from '../config/channel-schema.ts';
import { loadConfig } from '../config/load.ts';
import { platforms } from '../platforms/registry.ts';
import type { RedisAddress } from '../redis/address.ts';
import { RedisUnreachableError } from '../redis/connection-errors.ts';
import { isLostConnection } from '../redis/errors.ts';
import { redisUnreachable, wrongUsage } from './failure.ts';
import { readSettings } from './settings.ts';
import type { Invocation } from './shell.ts';

/**
 * Opens the installation of the configuration, or of the environment without one, and closes it in any case. Needs no credentials.
 * @throws ConfigError, DatabaseRefusedError, CommandFailure when Redis is away
 */
export async function withInstallation<T>(
  invocation: Invocation,
  use: (installation: Installation) => Promise<T>,
): Promise<T> {
  const { redis, channels } = readSettings(invocation);
  const configured = channels.length === 0 ? [] : configuredChannels(invocation);
  return await useInstallation(redis, configured, invocation, use);
}

const configuredChannels = ({ context, options }: Invocation): ChannelConfig[] =>
  loadConfig(options.config, { env: context.env, secrets: 'skip' }).channels;

export async function useInstallation<T>(
  redis: RedisAddress,
  channels: readonly ChannelConfig[],
  { context }: Invocation,
  use: (installation: Installation) => Promise<T>,
): Promise<T> {
  let installation: Installation | undefined;
  try {
    installation = await openInstallation({ redis, channels }, { platforms, clock: context.clock });
    return await use(installation);
  } catch (error) {
    if (error instanceof RedisUnreachableError) throw redisUnreachable(error.message, error);
    if (isLostConnection(error)) throw redisUnreachable('lost the connection to Redis', error);
    throw error;
  } finally {
    await installation?.close();
  }
}

/** As `withInstallation`, for operations that programs have too. */
export async function withAdmin<T>(invocation: Invocation, use: (admin: Admin) => Promise<T>): Promise<T> {
  const { redis, channels } = readSettings(invocation);
  const configured = channels.length === 0 ? [] : configuredChannels(invocation);
  const parts = { platforms, clock: invocation.context.clock };
  const admin = buildAdmin({ redis, channels: configured }, parts, processActor('command'));
  try {
    return await use(admin);
  } catch (error) {
    if (error instanceof RedisUnreachableError) throw redisUnreachable(error.message, error);
    throw error;
  } finally {
    await admin.close();
  }
}

/** As `withAdmin`, for access to the board. */
export async function withBoardAccess<T>(
  invocation: Invocation,
  use: (access: BoardAccess, by: Actor) => Promise<T>,
): Promise<T> {
  const { redis } = readSettings(invocation);
  const backend = openBoardBackend({ redis, channels: [] }, { platforms, clock: invocation.context.clock });
  try {
    return await use(backend.access, processActor('command'));
  } catch (error) {
    if (error instanceof RedisUnreachableError) throw redisUnreachable(error.message, error);
    throw error;
  } finally {
    await backend.close();
  }
}

/** @throws CommandFailure for a channel that neither the configuration nor a worker knows */
export function checkChannels(installation: Installation, names: readonly string[]): void {
  const unknown = names.find((name) => !findChannel(installation, name));
  if (unknown === undefined) return;
  const known = installation.channels.map(({ name }) => name).join(', ') || 'none';
  throw wrongUsage(
    `unknown channel ${JSON.stringify(unknown)}: neither configured nor announced (known: ${known})`,
  );
}
