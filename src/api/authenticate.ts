import type { Clock } from '../clock.ts';
import type { Access, Scope } from '../tokens/scopes.ts';
import type { Verify } from '../tokens/verify.ts';
import { problem } from './problem.ts';

/** Who makes a request, by its `Authorization: Bearer …`, and what they may do. */

const BEARER = /^Bearer +(?<token>[\x21-\x7e]{1,512}) *$/i;

/** @throws ApiProblem 401, which does not say why a token is not valid */
export async function authenticate(authorization: string | undefined, verify: Verify): Promise<Access> {
  const token = BEARER.exec(authorization ?? '')?.groups?.['token'];
  const access = token === undefined ? undefined : await verify(token);
  if (access) return access;
  const missing = authorization === undefined;
  throw problem('unauthorized', missing ? 'send Authorization: Bearer <token>' : 'this token is not valid', {
    headers: { 'www-authenticate': missing ? 'Bearer' : 'Bearer error="invalid_token"' },
  });
}

const AGAIN_MS = 1_000;

/** Authenticates again if the last time was a second ago or longer, so that a revocation also ends long requests. */
export function reauthenticate(
  authorization: string | undefined,
  verify: Verify,
  clock: Pick<Clock, 'monotonic'>,
): () => Promise<void> {
  let asked = clock.monotonic();
  return async () => {
    const now = clock.monotonic();
    if (now - asked < AGAIN_MS) return;
    asked = now;
    await authenticate(authorization, verify);
  };
}

/** @throws ApiProblem 403 */
export function checkScope({ scopes }: Access, scope: Scope): void {
  if (scopes.includes(scope)) return;
  throw problem('forbidden', `this requires a token of scope ${scope}`, {
    headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` },
  });
}
