import { AdminClosedError } from '../admin/session.ts';
import {
  CampaignCancelledError,
  CampaignConflictError,
  CampaignExpiredError,
  CampaignLostError,
  InvalidMessageError,
  ProducerClosedError,
  ProducerRefusedError,
  ProducerTimeoutError,
  UnknownChannelError,
} from '../producer/errors.ts';
import { DatabaseRefusedError, RedisUnreachableError } from '../redis/connection-errors.ts';
import { isLostConnection, refusesWrites } from '../redis/errors.ts';
import { type Access, mayUse } from '../tokens/scopes.ts';
import { ApiProblem, pointedProblems, problem } from './problem.ts';

/** When to repeat a request that failed because of Redis, seconds. */
const RETRY_AFTER_S = 2;

export const unavailable = (detail: string, retryAfterS = RETRY_AFTER_S): ApiProblem =>
  problem('unavailable', detail, { headers: { 'retry-after': String(retryAfterS) } });

export const stopping = (): ApiProblem =>
  unavailable('This process is stopping: repeat the request to another one', 1);

const isCampaignConflict = (error: unknown): error is Error =>
  [CampaignConflictError, CampaignCancelledError, CampaignExpiredError, CampaignLostError].some(
    (kind) => error instanceof kind,
  );

/** The errors' own texts name the address of Redis, which is not for clients. */
function storeTrouble(error: unknown): ApiProblem | undefined {
  if (error instanceof ProducerTimeoutError)
    return unavailable(`Redis did not answer in time. ${error.sent ? MAYBE_STORED : 'Nothing was stored.'}`);
  if (error instanceof ProducerRefusedError) return unavailable(`Redis refuses it (${error.redisCode})`);
  if (error instanceof ProducerClosedError || error instanceof AdminClosedError) return stopping();
  const away = error instanceof RedisUnreachableError || error instanceof DatabaseRefusedError;
  if (away || isLostConnection(error)) return unavailable('Redis cannot be reached');
  return refusesWrites(error) ? unavailable('Redis refuses writes') : undefined;
}

const MAYBE_STORED =
  'It may have been stored nevertheless: repeat the request with the same ids or Idempotency-Key, and all of it is taken once.';

/**
 * The answer to an error of a producer or an admin; undefined for an unexpected one, which is a bug.
 * @param access of the client: channels that it may not use are not named
 */
export function problemOfError(error: unknown, access: Access): ApiProblem | undefined {
  if (error instanceof ApiProblem) return error;
  if (error instanceof InvalidMessageError)
    return problem('invalid', error.message, { errors: pointedProblems(error.problems) });
  if (error instanceof UnknownChannelError)
    return problem(
      'unknown_channel',
      error.messageFor((channel) => mayUse(access, channel)),
    );
  if (isCampaignConflict(error)) return problem('conflict', error.message);
  return storeTrouble(error);
}
