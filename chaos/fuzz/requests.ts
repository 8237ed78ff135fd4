import fc from 'fast-check';
import { fuzzedSingleJob } from './jobs.ts';

/** Requests to the HTTP API: what a client may write to a socket, and how. */

export interface FuzzedRequest {
  /** Request line and headers, with their ends, but for the token. */
  head: string;
  token: 'whole' | 'reader' | 'limited' | 'unknown' | 'garbage' | 'none';
  /** As it is written after the headers: chunked, cut off or too long where the headers say otherwise. */
  body: Uint8Array;
  /** How many bytes are written at a time; all when 0. */
  pieces: number;
  /** `all` is written; or the connection is `cut` before its end, or `left`, with nothing more to come. */
  ending: 'all' | 'cut' | 'left';
}

const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('', '../..', '%00', '🎉'));
const name = fc.oneof(fc.constantFrom('m-1', 'm-2', 'spring'), text);

const ROUTES = [
  ...[
    'POST /v1/messages',
    'POST /v1/messages',
    'POST /v1/messages',
    'GET /v1/messages/ID',
    'DELETE /v1/messages/ID',
  ],
  ...[
    'PATCH /v1/messages/ID',
    'POST /v1/plays',
    'GET /v1/receipts',
    'POST /v1/campaigns',
    'GET /v1/campaigns/ID',
  ],
  ...['POST /v1/campaigns/ID/recipients', 'POST /v1/campaigns/ID/pause', 'GET /openapi.json'],
];

const route = fc.oneof(
  { weight: 10, arbitrary: fc.constantFrom(...ROUTES) },
  fc
    .tuple(
      fc.constantFrom('POST', 'GET', 'PUT', 'HEAD', 'OPTIONS', 'TRACE', 'get', 'BREW', ''),
      fc.constantFrom('/v1/messages', '/v1/messages/ID', '/v1/receipts', '/ID', '//', '*', ''),
    )
    .map(([method, path]) => `${method} ${path}`),
);

const query = fc.tuple(
  fc.constantFrom('channel', 'after', 'wait', 'limit', 'dryRun', 'x'),
  fc.oneof(text, fc.constantFrom('kongregate', 'start', 'true', '0', '1e9')),
);

const target = fc.tuple(route, name, fc.option(query, { freq: 2 })).map(([pattern, id, asked]) => {
  const line = pattern.replace('ID', encoded(id));
  return asked ? `${line}?${asked[0]}=${encoded(asked[1])}` : line;
});

/** Lone surrogates cannot be encoded. */
const encoded = (value: string): string => encodeURIComponent(value.toWellFormed()).slice(0, 300);

/** As a header may hold them; now and then as none may. */
const value = fc.oneof(
  { weight: 30, arbitrary: fc.string({ unit: 'grapheme-ascii', maxLength: 40 }) },
  fc.string({ unit: 'binary', maxLength: 20 }).map((raw) => raw.replace(/[\r\n]/g, '')),
);

const KNOWN_HEADERS = fc.oneof(
  fc.tuple(fc.constant('idempotency-key'), fc.oneof(fc.constantFrom('a', 'b'), value)),
  fc.tuple(fc.constant('prefer'), fc.oneof(fc.constant('return=minimal'), value)),
  fc.tuple(fc.constant('accept'), fc.oneof(fc.constantFrom('text/event-stream', 'application/json'), value)),
  fc.tuple(fc.constant('last-event-id'), value),
);

const ODD_HEADERS = fc.oneof(
  fc.tuple(fc.constant('content-encoding'), fc.constantFrom('gzip', 'identity')),
  fc.tuple(fc.constant('expect'), fc.constantFrom('100-continue', 'the unexpected')),
  fc.tuple(fc.constant('connection'), fc.constantFrom('close', 'keep-alive', 'upgrade')),
  fc.tuple(fc.constant('x-padding'), fc.constant('x'.repeat(20_000))),
  fc.tuple(
    fc
      .string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 10 })
      .map((raw) => raw.replace(/[\s:]/g, 'x')),
    value,
  ),
);

const headers = fc.array(fc.oneof({ weight: 6, arbitrary: KNOWN_HEADERS }, ODD_HEADERS), { maxLength: 2 });

const message = fc
  .record({
    userId: fc.integer({ min: 1, max: 500 }),
    id: fc.option(fc.constantFrom('m-1', 'm-2', 'm-3')),
    word: text,
  })
  .map(({ userId, id, word }) => ({
    ...{ platform: 'kongregate', to: { userId }, content: `Hello ${word}` },
    ...(id !== null && { id }),
  }));

const json = fc.oneof(
  { weight: 4, arbitrary: message.map((each) => JSON.stringify(each)) },
  fuzzedSingleJob.map(({ data }) => JSON.stringify(data) ?? ''),
  fc.json(),
  fc.constantFrom(
    '{"sendAt":"2030-01-01T00:00:00Z"}',
    '{"channel":"kongregate","to":{"userId":1}}',
    '{"id":"spring","platform":"kongregate","content":"x"}',
  ),
);

const body = fc.oneof(
  { weight: 4, arbitrary: json },
  {
    weight: 3,
    arbitrary: fc
      .array(fc.oneof({ weight: 4, arbitrary: json }, text), { maxLength: 30 })
      .map((lines) => lines.join('\n')),
  },
  fc.constantFrom(
    '',
    ' '.repeat(1_100_000),
    '[',
    `"${'x'.repeat(70_000)}"`,
    '['.repeat(50_000),
    '\n'.repeat(5_000),
  ),
  text,
);

const bytes = fc.oneof(
  { weight: 6, arbitrary: body.map((each) => Buffer.from(each)) },
  fc.uint8Array({ maxLength: 200 }),
);

const type = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom('application/json', 'application/x-ndjson', 'application/json; charset=utf-8'),
  },
  value,
);

const framing = fc.oneof(
  { weight: 25, arbitrary: fc.constantFrom('length', 'chunked') },
  fc.constantFrom('longer', 'shorter', 'both', 'none', 'negative', 'broken chunks'),
);

function framed(how: string, given: Uint8Array): { headers: string; body: Uint8Array } {
  const chunked = () =>
    Buffer.concat([Buffer.from(`${given.length.toString(16)}\r\n`), given, Buffer.from('\r\n0\r\n\r\n')]);
  const length = (count: number): string => `content-length: ${count}\r\n`;
  const CHUNKED = 'transfer-encoding: chunked\r\n';
  switch (how) {
    case 'length':
      return { headers: length(given.length), body: given };
    case 'chunked':
      return { headers: CHUNKED, body: given.length > 0 ? chunked() : Buffer.from('0\r\n\r\n') };
    case 'longer':
      return { headers: length(given.length + 10), body: given };
    case 'shorter':
      return { headers: length(Math.max(0, given.length - 3)), body: given };
    case 'both':
      return { headers: length(given.length) + CHUNKED, body: chunked() };
    case 'negative':
      return { headers: length(-1), body: given };
    case 'broken chunks':
      return { headers: CHUNKED, body: given };
    default:
      return { headers: '', body: given };
  }
}

export const fuzzedRequest: fc.Arbitrary<FuzzedRequest> = fc
  .record({
    target,
    headers,
    type,
    framing,
    body: bytes,
    host: fc.oneof(
      { weight: 40, arbitrary: fc.constant('host: api\r\n') },
      fc.constantFrom('', 'host: a b\r\n', 'host: /\r\n'),
    ),
    version: fc.oneof(
      { weight: 60, arbitrary: fc.constant('HTTP/1.1') },
      fc.constantFrom('HTTP/1.0', 'HTTP/9', 'x'),
    ),
    token: fc.oneof(
      { weight: 15, arbitrary: fc.constant('whole' as const) },
      fc.constantFrom('reader' as const, 'limited', 'unknown', 'garbage', 'none'),
    ),
    pieces: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.constantFrom(1, 7, 4_096)),
    ending: fc.oneof(
      { weight: 18, arbitrary: fc.constant('all' as const) },
      fc.constantFrom('cut' as const, 'left'),
    ),
  })
  .map(({ token, pieces, ending, ...parts }) => {
    const { headers: lengths, body } = framed(parts.framing, parts.body);
    const named = parts.headers.map(([header, text]) => `${header}: ${text}\r\n`).join('');
    const line = `${parts.target} ${parts.version}\r\n`;
    const head = `${line}${parts.host}content-type: ${parts.type.replace(/[\r\n]/g, '')}\r\n${lengths}${named}`;
    // Bytes one at a time take as many turns of the event loop.
    return { head, token, body, pieces: body.length > 3_000 ? 0 : pieces, ending };
  });
