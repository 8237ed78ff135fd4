import { connect, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createApi } from '../../src/api/api.ts';
import { createAdmin, createProducer } from '../../src/app.ts';
import { systemClock } from '../../src/clock.ts';
import { api as apiSettings } from '../../src/config/api.ts';
import type { Logger } from '../../src/observe/log.ts';
import { SCOPES } from '../../src/tokens/scopes.ts';
import { openEnvironment } from '../../testing/environment.ts';
import { eventually } from '../../testing/eventually.ts';
import type { FuzzedRequest } from './requests.ts';

export interface RequestTrial {
  /**
   * Writes the request, and waits for the answer unless nothing more is to come.
   * @returns the status, `cut` or `left`
   * @throws Error for a 500, and for an answer that says less than it should
   */
  run(request: FuzzedRequest): Promise<string>;
  /** Waits for connections that were left, which the API ends, and answers with the bytes of the heap after a collection. */
  settle(): Promise<number>;
  close(): Promise<void>;
}

/** What is left half-open is ended after this. */
const IDLE_MS = 400;

export async function openRequestTrial(): Promise<RequestTrial> {
  const env = await openEnvironment({ channels: {} });
  const { url: redis } = env.server;
  const failures: string[] = [];
  const logger = { info() {}, error: (fields: object) => void failures.push(JSON.stringify(fields)) };
  const settings = { port: 0, idle: IDLE_MS, rate: { max: 1_000_000, per: '1s' } };
  const api = createApi(apiSettings.parse(settings), {
    ...{ redis, clock: systemClock, logger: logger as unknown as Logger },
    openProducer: () => createProducer({ redis, channels: ['kongregate', 'other'] }) as never,
    openAdmin: () => createAdmin({ redis }),
    observe: () => {},
  });
  await api.start();
  const port = Number(new URL(api.url!).port);
  const tokens = await issueTokens(redis);
  const left = new Set<Socket>();

  async function run(request: FuzzedRequest): Promise<string> {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {}); // The API may end it while it is written to.
    const ended = new Promise((resolve) => socket.once('close', resolve));
    left.add(socket);
    socket.on('close', () => left.delete(socket));
    let answer = '';
    const answered = new Promise<void>((resolve) => {
      socket.on('data', (chunk) => {
        if (answer.length < MOST) answer += chunk.toString('latin1');
        // Events go on for as long as the client listens.
        if (isWhole(answer)) resolve();
      });
      socket.on('close', resolve);
    });
    await write(socket, request, tokens);
    if (request.ending === 'left') return 'left';
    if (request.ending === 'cut') socket.destroy();
    else {
      await answered;
      socket.destroy();
    }
    await ended;
    if (failures.length > 0) throw new Error(`logged: ${failures[0]}`);
    const told = answer.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '');
    if (told !== '') return judged(told, request);
    // Less came than the headers had promised, and the API has ended its wait.
    return request.ending === 'cut' ? 'cut' : 'closed';
  }

  return {
    run,
    async settle() {
      await eventually('the connections that were left to be ended', () => left.size === 0);
      setFlagsFromString('--expose-gc');
      const collect = runInNewContext('gc') as () => void;
      collect();
      return process.memoryUsage().heapUsed;
    },
    async close() {
      await api.close(100);
      await env.close();
    },
  };
}

/** An answer is read this far: what matters is in its head. */
const MOST = 64 * 1024;

const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);

/** As far as it is looked at: a stream of events has no end. */
function isWhole(answer: string): boolean {
  const end = answer.lastIndexOf('\r\n\r\n');
  if (end < 0) return false;
  // What precedes the answer proper.
  if (statusOf(answer) === 100) return isWhole(answer.slice(answer.indexOf('\r\n\r\n') + 4));
  const head = answer.slice(0, answer.indexOf('\r\n\r\n'));
  if (/^content-type: text\/event-stream/im.test(head)) return true;
  const length = /^content-length: (\d+)/im.exec(head)?.[1];
  if (length !== undefined) return answer.length >= Math.min(MOST, head.length + 4 + Number(length));
  return /^transfer-encoding: chunked/im.test(head) ? answer.endsWith('0\r\n\r\n') : true;
}

/** @throws Error for what no client should ever see */
function judged(answer: string, { head }: FuzzedRequest): string {
  const status = statusOf(answer);
  if (!(status >= 200 && status < 600) || status === 500)
    throw new Error(`answered: ${answer.slice(0, 500)}`);
  const byNode = !/^content-type:/im.test(answer.slice(0, answer.indexOf('\r\n\r\n')));
  // Such an answer has the headers alone.
  const isProblem =
    answer.includes('application/problem+json') && (answer.includes('"code":') || head.startsWith('HEAD '));
  if (status >= 400 && !byNode && !isProblem) throw new Error(`no problem details: ${answer.slice(0, 500)}`);
  return String(status);
}

async function write(
  socket: Socket,
  { head, body, pieces, ending, token }: FuzzedRequest,
  tokens: Tokens,
): Promise<void> {
  const bearer = tokens[token];
  const authorization = bearer === undefined ? '' : `authorization: Bearer ${bearer}\r\n`;
  const whole = Buffer.concat([Buffer.from(`${head}${authorization}\r\n`, 'latin1'), body]);
  const bytes = ending === 'all' ? whole : whole.subarray(0, Math.floor(whole.length * 0.7));
  const size = pieces === 0 ? bytes.length : pieces;
  for (let at = 0; at < bytes.length && !socket.destroyed; at += size) {
    socket.write(bytes.subarray(at, at + size));
    if (pieces > 0) await turn();
  }
}

type Tokens = Record<FuzzedRequest['token'], string | undefined>;

async function issueTokens(redis: string): Promise<Tokens> {
  const admin = createAdmin({ redis });
  const issue = async (token: object) =>
    (await admin.tokens.create({ name: 'fuzz', scopes: SCOPES, ...token })).token;
  const tokens = {
    whole: await issue({}),
    reader: await issue({ scopes: ['read'] }),
    limited: await issue({ channels: ['other'] }),
    unknown: `herald_0123456789ab_${'a'.repeat(43)}`,
    garbage: 'herald_ \u00e9 \t',
    none: undefined,
  };
  await admin.close();
  return tokens;
}
