import { setTimeout as pause } from 'node:timers/promises';
import type { BoardUser } from '../admin/board-access.ts';
import type { BoardBackend } from '../admin/board-backend.ts';
import { HISTORY_STEP_MS } from '../admin/history.ts';
import type { Clock } from '../clock.ts';
import { type BoardConfig, boardUrl } from '../config/board.ts';
import { type Listening, listen } from '../http/listen.ts';
import type { Logger } from '../observe/log.ts';
import type { Service } from '../serve/services.ts';
import type { Access } from '../tokens/scopes.ts';
import { type ConfiguredToken, createVerifier } from '../tokens/verify.ts';
import { createBoard } from './board.ts';

/** The board on an address of its own, and its background work: sampling the histories, and running replays. */

export interface BoardService extends Service {
  /** Once started. */
  readonly url: string | undefined;
}

export interface BoardServiceParts {
  /** Closed by the service. */
  openBoardBackend(): BoardBackend;
  /** API tokens of the configuration. */
  tokens: readonly ConfiguredToken[];
  /** How long Redis may take to identify the user, milliseconds; 5 s when absent. */
  timeoutMs?: number;
  logger: Logger;
  clock: Clock;
}

const TIMEOUT_MS = 5_000;

/** Against slow and half-open connections. Streams show that they are alive more often than `idleMs`. */
const LIMITS = { headersMs: 10_000, idleMs: 60_000, connections: 256 };

/** Nothing connects before `start`. */
export function createBoardService(config: BoardConfig, parts: BoardServiceParts): BoardService {
  const { logger, clock } = parts;
  const closing = new AbortController();
  let opened: { backend: BoardBackend; beside: Promise<unknown> } | undefined;
  let listening: Listening | undefined;
  const onError = (error: unknown): void =>
    logger.error({ error: error instanceof Error ? error.message : String(error) }, 'board failed');

  return {
    get url() {
      return listening?.url;
    },
    async start() {
      const backend = parts.openBoardBackend();
      const verify = createVerifier({ configured: parts.tokens, store: backend.tokens, clock });
      const app = createBoard({
        backend,
        secure: boardUrl(config).startsWith('https:'),
        trustedProxies: config.trustedProxies,
        sessionMs: config.sessionMs,
        timeoutMs: parts.timeoutMs ?? TIMEOUT_MS,
        tokenUser: async (token) => userOf(await verify(token), parts.tokens),
        presentUser: (user) =>
          user.configured === undefined ? user : userOfDigest(user.configured, parts.tokens),
        clock,
        onError,
        closing: closing.signal,
      });
      const { signal } = closing;
      const beside = Promise.all([takeHistory(backend, signal), backend.runReplays(signal, logAway(logger))]);
      opened = { backend, beside };
      listening = await listen(app, config, LIMITS);
      logger.info({ url: listening.url }, 'board listening');
    },
    async close(withinMs) {
      closing.abort();
      await listening?.close(withinMs);
      await opened?.beside;
      await opened?.backend.close();
    },
  };
}

/**
 * A token with the scope `read` may see the board, and one with `operate` may act there. A configured token is good while the
 * configuration has it, and any other while Redis has it.
 */
function userOf(access: Access | undefined, configured: readonly ConfiguredToken[]): BoardUser | undefined {
  const role = access && roleOf(access);
  if (!role) return undefined;
  const { id, name, channels = null } = access;
  const own = configured.find((each) => each.name === id);
  return { name, role, channels, ...(own ? { configured: own.sha256 } : { token: id }) };
}

function userOfDigest(sha256: string, configured: readonly ConfiguredToken[]): BoardUser | undefined {
  const own = configured.find((each) => each.sha256 === sha256);
  return own && userOf({ ...own, id: own.name, channels: own.channels }, configured);
}

const roleOf = ({ scopes }: Pick<Access, 'scopes'>): BoardUser['role'] | undefined => {
  if (scopes.includes('operate')) return 'operate';
  return scopes.includes('read') ? 'read' : undefined;
};

/** While Redis is away nothing is sampled, which shows as a gap. */
async function takeHistory(backend: BoardBackend, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await backend.takePoints().catch(() => {});
    await pause(HISTORY_STEP_MS, undefined, { signal }).catch(() => {});
  }
}

const logAway =
  (logger: Logger) =>
  (error: unknown): void =>
    logger.warn(
      { error: error instanceof Error ? error.message : String(error) },
      'background replay interrupted: it continues once Redis answers',
    );
