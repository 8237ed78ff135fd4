import fc from 'fast-check';

/** What a platform, a proxy in front of it or whoever sits on the line may answer: bytes, then the end. */

const status = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(200, 201, 204, 301, 302, 400, 401, 403, 404, 422, 429, 500, 502, 503),
  },
  fc.integer({ min: 100, max: 999 }),
);
const seconds = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom('soon', 'Wed, 21 Oct 2099 07:28:00 GMT', '-1', '1e999'),
);
const header = fc.oneof(
  seconds.map((value) => `retry-after: ${value}`),
  fc.constantFrom(
    'content-type: text/html',
    'location: https://elsewhere.example/',
    'transfer-encoding: chunked',
    'content-encoding: gzip',
  ),
  fc.integer({ min: 0, max: 100_000 }).map((length) => `content-length: ${length}`),
  fc
    .tuple(fc.stringMatching(/^[a-z-]{1,20}$/), fc.string({ maxLength: 40 }))
    .map(([name, value]) => `${name}: ${value}`),
);

/** What chooses between the outcomes of a refusal, where its text does. */
const refusal = fc.constantFrom(
  "Game cannot send a PM to someone who hasn't played the game within 2 weeks.",
  'One message per day.',
  'Invalid credentials.',
  'Unknown user.',
);

/** In the platforms' own words, with anything in them. */
const words = fc.oneof(
  fc.record(
    {
      success: fc.oneof({ weight: 4, arbitrary: fc.boolean() }, fc.jsonValue()),
      errors: fc.oneof(fc.array(fc.oneof(refusal, fc.string()), { maxLength: 2 }), fc.jsonValue()),
      error: fc.jsonValue(),
      error_description: fc.oneof(refusal, fc.jsonValue()),
    },
    { requiredKeys: [] },
  ),
  fc.record(
    {
      result: fc.constantFrom('success', 'error', 'x'),
      id: fc.jsonValue(),
      code: fc.oneof(fc.constantFrom('RATE_LIMIT_HIT', 'BAD_REQUEST', 'INVALID_API_KEY'), fc.jsonValue()),
      msg: fc.jsonValue(),
      'retry-after': fc.oneof(seconds, fc.jsonValue()),
    },
    { requiredKeys: [] },
  ),
  fc.record(
    {
      id: fc.jsonValue(),
      topic_id: fc.jsonValue(),
      action: fc.oneof(fc.constant('enqueued'), fc.jsonValue()),
      errors: fc.jsonValue(),
      error_type: fc.jsonValue(),
      extras: fc.jsonValue(),
    },
    { requiredKeys: [] },
  ),
);
const body = fc.oneof(
  { weight: 4, arbitrary: words.map((value) => JSON.stringify(value)) },
  fc.json(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '<html>', '{"success":tr', 'x'.repeat(80_000), '\u0000', `${'['.repeat(5_000)}`),
);

const wellFormed = fc
  .record({ status, headers: fc.array(header, { maxLength: 5 }), body, counted: fc.boolean() })
  .map(({ status, headers, body, counted }) => {
    const length = counted ? [`content-length: ${Buffer.byteLength(body)}`] : [];
    return Buffer.from([`HTTP/1.1 ${status} X`, ...headers, ...length, '', body].join('\r\n'));
  });

export const fuzzedAnswer: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 8, arbitrary: wellFormed },
  {
    weight: 1,
    arbitrary: fc
      .tuple(wellFormed, fc.nat())
      .map(([bytes, at]) => bytes.subarray(0, at % (bytes.length + 1))),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) },
);
