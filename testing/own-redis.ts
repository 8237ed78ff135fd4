import { readFile } from 'node:fs/promises';
import { type CommandContext, EXIT } from '../src/cli/context.ts';
import { CommandFailure, wrongUsage } from '../src/cli/failure.ts';
import {
  RedisNotFoundError,
  type RedisServer,
  RedisStartError,
  startRedis,
} from '../src/sandbox/redis-server.ts';
import { installPackage } from './install-package.ts';
import { adviseRedis } from './redis-advice.ts';

/**
 * Starts a Redis of the demo's own, or of the tests', on a free port, whatever else runs here.
 * @throws CommandFailure that says how to get one
 */
export async function ownRedis(
  { env }: Pick<CommandContext, 'env'>,
  print: (line: string) => void,
): Promise<RedisServer> {
  try {
    return await startRedis();
  } catch (error) {
    if (!(error instanceof RedisNotFoundError)) throw clear(error);
  }
  const advice = adviseRedis({
    platform: process.platform,
    osRelease: await readFile('/etc/os-release', 'utf8').catch(() => ''),
    isRoot: process.getuid?.() === 0,
  });
  if (advice.kind === 'advise') throw wrongUsage(advice.sentence);
  print('No redis-server here: installing the package redis-server by apt-get; its service is not started.');
  await installPackage('redis-server', { env });
  return await startRedis().catch((error: unknown) => {
    throw clear(error);
  });
}

const clear = (error: unknown): unknown =>
  error instanceof RedisNotFoundError || error instanceof RedisStartError
    ? new CommandFailure(`no Redis could be started: ${error.message}`, EXIT.usage, { cause: error })
    : error;
