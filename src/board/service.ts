import { setTimeout as pause } from 'node:timers/promises';
import type { BoardUser } from '../admin/board-access.ts';
import type { Desk } from '../admin/desk.ts';
import { HISTORY_STEP_MS } from '../admin/history.ts';
import type { Clock } from '../clock.ts';
import { type BoardConfig, boardUrl } from '../config/board.ts';
import { type Listening, listen } from '../http/listen.ts';
import type { Logger } from '../observe/log.ts';
import type { Service } from '../serve/services.ts';
import type { Access } from '../tokens/scopes.ts';
import { type ConfiguredToken, createVerifier } from '../tokens/verify.ts';
import { createBoard } from './board.ts';

/** The board on an address of its own, and what goes on beside it: the histories, and replays in the background. */

export interface BoardService extends Service {
  /** Once started. */
  readonly url: string | undefined;
}

export interface BoardServiceParts {
  /** Closed by the service. */
  openDesk(): Desk;
  /** API tokens of the configuration. */
  tokens: readonly ConfiguredToken[];
  /** How long Redis may take to say who asks; 5 s when absent. */
  timeoutMs?: number;
  logger: Logger;
  clock: Clock;
}

const TIMEOUT_MS = 5_000;

/** Against slow and half-open connections. Streams say that they are alive more often than that. */
const LIMITS = { headersMs: 10_000, idleMs: 60_000, connections: 256 };

/** Nothing connects before `start`. */
export function createBoardService(config: BoardConfig, parts: BoardServiceParts): BoardService {
  const { logger, clock } = parts;
  const closing = new AbortController();
  let opened: { desk: Desk; beside: Promise<unknown> } | undefined;
  let listening: Listening | undefined;
  const onError = (error: unknown): void =>
    logger.error({ error: error instanceof Error ? error.message : String(error) }, 'board failed');

  return {
    get url() {
      return listening?.url;
    },
    async start() {
      const desk = parts.openDesk();
      const verify = createVerifier({ configured: parts.tokens, store: desk.tokens, clock });
      const app = createBoard({
        desk,
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
      const beside = Promise.all([takeHistory(desk, signal), desk.runReplays(signal, logAway(logger))]);
      opened = { desk, beside };
      listening = await listen(app, config, LIMITS);
      logger.info({ url: listening.url }, 'board listening');
    },
    async close(withinMs) {
      closing.abort();
      await listening?.close(withinMs);
      await opened?.beside;
      await opened?.desk.close();
    },
  };
}

/**
 * A token sees the board if it may read, and acts there if it may operate. One of the configuration holds for as long as that has it,
 * and any other until Redis has it no more.
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

/** What is not sampled while Redis is away shows as a gap. */
async function takeHistory(desk: Desk, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await desk.takePoints().catch(() => {});
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
