/**
 * A platform that accepts every request at once with Kongregate's answer, in a process of its own.
 *
 * It speaks just enough HTTP (requests with a content-length) over bare sockets: Node's own server would be the slowest
 * part of what is measured.
 */
import { createServer, type Socket } from 'node:net';
import { constants, setPriority } from 'node:os';
import { monotonicMs, stampIn } from './messages.ts';

/** What is expected next. Counting starts again. */
export interface Expectation {
  /** Requests that come before the measurement. */
  warmUp: number;
  /** Requests of the measurement. */
  count: number;
  /** Read from each request when it was enqueued. */
  stamps?: boolean;
  /** Asks when each of them arrived. */
  arrivals?: boolean;
}

export type SinkReport =
  | { kind: 'listening'; url: string }
  /** It counts from here on. */
  | { kind: 'expecting' }
  /** The warm-up has arrived. */
  | { kind: 'warm' }
  /** Everything has arrived. @property ms from the end of the warm-up (from the first request where there is none) */
  | { kind: 'complete'; requests: number; ms: number; latenciesMs: number[]; arrivalsMs: number[] };

const BODY = '{"success":true}';
const ANSWER = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`;
/** After this long without a request, the missing ones will not come: the process ends, which tells whoever waits. */
const STALLED_MS = 60_000;
const END_OF_HEAD = '\r\n\r\n';

const NOTHING: Expectation = { warmUp: 0, count: 0 };
let expected: Expectation | undefined;
let arrived = 0;
let measuredFrom = 0;
let latenciesMs: number[] = [];
let arrivalsMs: number[] = [];

const report = (what: SinkReport): void => void process.send?.(what);

function arrive(body: () => string): void {
  const now = monotonicMs();
  const { warmUp, count, stamps, arrivals } = expected ?? NOTHING;
  arrived += 1;
  if (stamps && arrived > warmUp) latenciesMs.push(now - stampIn(body()));
  if (arrivals && arrived > warmUp) arrivalsMs.push(now);
  if (arrived === Math.max(1, warmUp)) {
    measuredFrom = now;
    report({ kind: 'warm' });
  }
  if (arrived === warmUp + count)
    report({
      kind: 'complete',
      requests: arrived - Math.max(1, warmUp),
      ms: now - measuredFrom,
      ...{ latenciesMs, arrivalsMs },
    });
}

function watch(): void {
  let before = -1;
  setInterval(() => {
    const { warmUp, count } = expected ?? NOTHING;
    if (arrived === before && arrived < warmUp + count) {
      process.stderr.write(
        `sink: ${arrived} of ${warmUp + count} messages, and no more for ${STALLED_MS / 1_000} s\n`,
      );
      process.exit(1);
    }
    before = expected === undefined ? -1 : arrived;
  }, STALLED_MS);
}

function serve(socket: Socket): void {
  let pending: Buffer | undefined;
  socket.setNoDelay(true);
  socket.on('error', () => {}); // The client was killed.
  socket.on('data', (chunk) => {
    const bytes = pending ? Buffer.concat([pending, chunk]) : chunk;
    let start = 0;
    for (;;) {
      const headEnd = bytes.indexOf(END_OF_HEAD, start);
      if (headEnd === -1) break;
      const length = /content-length: *(\d+)/i.exec(bytes.toString('latin1', start, headEnd))?.[1] ?? 0;
      const from = headEnd + END_OF_HEAD.length;
      const end = from + Number(length);
      if (end > bytes.length) break;
      arrive(() => bytes.toString('utf8', from, end));
      socket.write(ANSWER, 'latin1');
      start = end;
    }
    pending = start === bytes.length ? undefined : bytes.subarray(start);
  });
}

/**
 * A real platform has a machine of its own. Where it shares cores with many workers, it would read late what arrived in time, and tell of more
 * in a second than arrived.
 */
function precede(): void {
  try {
    setPriority(constants.priority.PRIORITY_HIGH);
  } catch {
    process.stderr.write('sink: no permission to precede the workers: what arrives may be read late\n');
  }
}

process.on('message', (next: Expectation) => {
  expected = next;
  if (next.arrivals) precede();
  [arrived, measuredFrom, latenciesMs, arrivalsMs] = [0, 0, [], []];
  report({ kind: 'expecting' });
});
process.once('disconnect', () => process.exit());
const server = createServer(serve).listen(0, '127.0.0.1', () => {
  const { port } = server.address() as { port: number };
  report({ kind: 'listening', url: `http://127.0.0.1:${port}` });
});
watch();
