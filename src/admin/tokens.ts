import type { Clock } from '../clock.ts';
import {
  createToken,
  dropFormerSecret,
  type IssuedToken,
  listTokens,
  type NewToken,
  revokeToken,
  rotateToken,
  type TokenOverview,
} from '../tokens/token-admin.ts';
import type { RecordAct } from './audit.ts';
import type { Session } from './session.ts';

/** The tokens of the HTTP API. A token's text is returned once and stored nowhere. */
export interface TokenAdmin {
  create(token: NewToken): Promise<IssuedToken>;
  list(): Promise<TokenOverview[]>;
  /** Revokes a token at once, in every process. @returns whether there was one */
  revoke(id: string): Promise<boolean>;
  /**
   * Gives the token a new secret; its former one stays valid until `dropFormer` or the next rotation.
   * @throws UnknownTokenError
   */
  rotate(id: string): Promise<IssuedToken>;
  /** Ends the validity of the secret from before the last rotation. @throws UnknownTokenError */
  dropFormer(id: string): Promise<void>;
}

export function tokenAdmin(
  run: Session['run'],
  { clock }: { clock: Pick<Clock, 'now'> },
  record: RecordAct,
): TokenAdmin {
  return {
    list: () => run(({ directory }) => listTokens(directory)),
    create: (token) =>
      run(async (at) => {
        const issued = await createToken(at.directory, token, clock.now());
        const { channels = [], name, scopes } = token;
        await record(at, { action: 'token.create', channels, target: issued.id, filter: { name, scopes } });
        return issued;
      }),
    revoke: (id) =>
      run(async (at) => {
        const revoked = await revokeToken(at.directory, id);
        if (revoked) await record(at, { action: 'token.revoke', target: id });
        return revoked;
      }),
    rotate: (id) =>
      run(async (at) => {
        const issued = await rotateToken(at.directory, id, clock.now());
        await record(at, { action: 'token.rotate', target: id });
        return issued;
      }),
    dropFormer: (id) =>
      run(async (at) => {
        await dropFormerSecret(at.directory, id);
        await record(at, { action: 'token.finish', target: id });
      }),
  };
}
