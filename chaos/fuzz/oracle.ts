import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { z } from 'zod';
import { systemClock } from '../../src/clock.ts';
import type { Outcome } from '../../src/outcome.ts';
import type { PlatformClient, PlatformDefinition } from '../../src/platforms/port.ts';
import { type PlatformName, platforms } from '../../src/platforms/registry.ts';

/** A server that answers any request with the bytes that it is given, and a client of each platform that asks it. */
export interface Oracle {
  readonly platforms: readonly PlatformName[];
  /** How often each kind of outcome came. */
  readonly outcomes: ReadonlyMap<Outcome['kind'], number>;
  /** Throws where the outcome is not what an outcome may be. */
  ask(platform: PlatformName, answer: Buffer): Promise<void>;
  close(): Promise<void>;
}

const KEY = 'the-key-of-the-channel';
const CONTENT = 'what was written to a person';
const TIMEOUT_MS = 5_000;
const KINDS: readonly Outcome['kind'][] = [
  'delivered',
  'suppressed',
  'throttled',
  'failed',
  'unknown',
  'rejected',
];

const TO: Readonly<Record<PlatformName, object>> = {
  kongregate: { to: { userId: 1 } },
  zulip: { to: { userIds: [1] } },
  discourse: { to: { usernames: ['somebody'] }, title: 'A title' },
  usercom: { to: { userId: 1 } },
};

export async function openOracle(): Promise<Oracle> {
  let answer: Buffer = Buffer.alloc(0);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {}); // The client hangs up on what it cannot read.
    socket.once('data', () => socket.end(answer));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as { port: number };
  const clients = new Map<PlatformName, PlatformClient>();
  for (const [name, definition] of Object.entries(platforms)) {
    clients.set(name as PlatformName, clientOf(definition, `http://127.0.0.1:${port}`));
  }
  let asked = 0;
  const outcomes = new Map<Outcome['kind'], number>();
  return {
    platforms: [...clients.keys()],
    outcomes,
    async ask(platform, bytes) {
      answer = bytes;
      asked += 1;
      const outcome = await clients.get(platform)!.send({
        message: { platform, content: CONTENT, ...TO[platform] },
        content: CONTENT,
        attempt: 1 + (asked % 2),
        id: `m-${asked}`,
        idempotencyKey: () => 'f'.repeat(32),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      outcomes.set(outcome.kind, (outcomes.get(outcome.kind) ?? 0) + 1);
      check(outcome);
      checkStatus(outcome, bytes);
    },
    async close() {
      for (const client of clients.values()) await client.close();
      for (const socket of sockets) socket.destroy();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}

function clientOf(definition: PlatformDefinition, baseUrl: string): PlatformClient {
  const given = { baseUrl, apiKey: KEY, email: 'bot@example.com', apiUsername: 'herald', agent: 1 };
  const settings = z.object(definition.channelShape).parse(given);
  const common = { baseUrl, timeoutMs: TIMEOUT_MS, concurrency: 2 };
  return definition.connect({ ...settings, ...common }, { clock: systemClock });
}

function check(outcome: Outcome): void {
  if (!KINDS.includes(outcome.kind)) throw new Error(`not an outcome: ${JSON.stringify(outcome)}`);
  const told = 'detail' in outcome ? (outcome.detail ?? '') : '';
  if (told.includes(KEY) || told.includes(CONTENT)) throw new Error('a detail tells what it must not');
  if (told.length > 1_000) throw new Error(`a detail of ${told.length} characters`);
  if (outcome.kind !== 'throttled' || outcome.restMs === undefined) return;
  if (!(outcome.restMs >= 0 && Number.isFinite(outcome.restMs)))
    throw new Error(`a rest of ${outcome.restMs} ms`);
}

const STATUS = /^HTTP\/1\.1 (\d{3}) /;

/**
 * By the first line alone, whatever the client made of the rest: only a success is a delivery, only a refusal is a
 * failure that nobody acted upon, and where there is no status, or the server failed, nothing is known.
 */
function checkStatus({ kind }: Outcome, bytes: Buffer): void {
  const status = Number(STATUS.exec(bytes.toString('latin1', 0, 16))?.[1] ?? 0);
  const wrong =
    (kind === 'delivered' && (status < 200 || status > 299)) ||
    (kind === 'failed' && (status < 400 || status > 499)) ||
    (kind !== 'unknown' && (status === 0 || status >= 500));
  if (wrong) throw new Error(`${kind} by an answer of status ${status}`);
}
