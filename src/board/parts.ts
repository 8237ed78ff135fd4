import type { BoardUser } from '../admin/board-access.ts';
import type { BoardBackend } from '../admin/board-backend.ts';
import type { Clock } from '../clock.ts';

/** What a board works with. */
export interface BoardParts {
  backend: BoardBackend;
  /** Whether people reach the board by https. */
  secure: boolean;
  /** As `clientAddress` takes it. */
  trustedProxies: number;
  /** How long somebody stays signed in, milliseconds. */
  sessionMs: number;
  /** How long Redis may take to identify the user, milliseconds: the connection itself gives a frozen Redis half a minute. */
  timeoutMs: number;
  /** The user of an API token; undefined if it is invalid, or may not see the board. */
  tokenUser(token: string): Promise<BoardUser | undefined>;
  /** The user with the rights that the configuration gives now; undefined if their configured token was removed. */
  presentUser(user: BoardUser): BoardUser | undefined;
  clock: Pick<Clock, 'monotonic'>;
  /** Called with unexpected errors. */
  onError(error: unknown): void;
  /** Ends the streams of watchers. */
  closing: AbortSignal;
}
