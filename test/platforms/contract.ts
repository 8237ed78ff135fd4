import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/outcome.ts';
import type { CommonChannelSettings, PlatformClient, PlatformDefinition } from '../../src/platforms/port.ts';
import { type Fault, type Sandbox, startSandbox } from '../../src/sandbox/index.ts';

/** What every platform must do, played against the sandbox over real sockets. */
export interface PlatformHarness<M, S> {
  definition: PlatformDefinition<M, S>;
  /** Where the sandbox plays the platform: the path of its base URL. */
  basePath: string;
  /** A channel's own settings, with a key the sandbox takes. */
  settings: S;
  /** A message that is delivered, to a recipient of its own for each number from 1 to 9. */
  message(number: number): M;
  delivered: Outcome;
  /** Everything the platform may refuse, with what comes of it. */
  refusals: readonly {
    name: string;
    message: M;
    settings?: Partial<S>;
    prepare?: (sandbox: Sandbox) => void;
    /** Where the refusal is the body's: what is sent in place of the usual one. */
    content?: string;
    outcome: Outcome;
  }[];
}

export const CONTENT = 'The content that nobody may read in a log';
const never = new AbortController().signal;

export function describePlatformContract<M, S>(harness: PlatformHarness<M, S>): void {
  const { definition, delivered } = harness;
  let sandbox: Sandbox;
  let client: PlatformClient<M>;
  let sent = 0;

  beforeEach(async () => {
    sandbox = await startSandbox();
    client = connect();
  });
  afterEach(async () => {
    await client.close();
    await sandbox.close();
  });

  function connect(more: Partial<S & CommonChannelSettings> = {}, url = sandbox.url): PlatformClient<M> {
    const common = { baseUrl: `${url}${harness.basePath}`, timeoutMs: 5_000, concurrency: 10 };
    return definition.connect({ ...harness.settings, ...common, ...more }, {});
  }

  function send(message = harness.message(1), signal = never, content = CONTENT): Promise<Outcome> {
    // Each is a message of its own.
    sent += 1;
    const key = sent.toString(16).padStart(32, 'f');
    const idempotencyKey = (): string => key;
    return client.send({ message, content, attempt: 1, id: `m-${sent}`, idempotencyKey, signal });
  }

  /** Ends the client made for all tests, too, so that `client` may be another one. */
  async function reconnect(more: Partial<S & CommonChannelSettings>, url?: string): Promise<void> {
    await client.close();
    client = connect(more, url);
  }

  const accepted = () => sandbox.journal.report().accepted;

  describe('what the platform says', () => {
    it('delivers, and the content arrives as it was rendered', async () => {
      expect(await send()).toMatchObject(delivered);
      expect(sandbox.journal.calls()).toMatchObject([{ result: 'accepted', content: CONTENT }]);
    });

    it('gives each of many at once its own answer', async () => {
      const numbers = [1, 2, 3, 4, 5, 6, 8, 9];
      const outcomes = await Promise.all(numbers.map((number) => send(harness.message(number))));
      expect(outcomes.map(({ kind }) => kind)).toEqual(numbers.map(() => delivered.kind));
      expect(sandbox.journal.report()).toMatchObject({ calls: 8, accepted: 8, acceptedMoreThanOnce: 0 });
    });

    it.each(harness.refusals)('$name', async ({ message, settings = {}, prepare, content, outcome }) => {
      prepare?.(sandbox);
      await reconnect(settings as Partial<S & CommonChannelSettings>);
      expect(await send(message, never, content)).toMatchObject(outcome);
      expect(accepted()).toBe(0);
    });

    it.each([
      ['7', 7_000],
      ['1.5', 1_500],
      [undefined, undefined],
      ['soon', undefined],
      ['0', undefined],
      ['Wed, 21 Oct 2015 07:28:00 GMT', undefined],
      [['5', '9'], 9_000],
    ])('rests on a 429 with Retry-After %s', async (retryAfter, restMs) => {
      sandbox.faults.add({ kind: 'rate_limited', ...(retryAfter && { retryAfter }) });
      const outcome = await send();
      expect(outcome).toMatchObject({ kind: 'throttled', reason: 'rate_limited' });
      expect(outcome.restMs).toBe(restMs);
    });

    it.each([200, 302, 400, 403, 404, 408, 422, 500, 503])(
      'rests for as long as is asked for with HTTP %i',
      async (status) => {
        sandbox.faults.add({ kind: 'answer', status, headers: { 'retry-after': '15' }, count: 1 });
        expect((await send()).restMs).toBe(15_000);
      },
    );
  });

  describe('what nobody knows', () => {
    const doubts: [Fault['kind'], string, number?][] = [
      ['server_error', 'server_error'],
      ['server_error', 'server_error', 500],
      ['reset', 'connection_lost'],
      ['blank', 'unreadable_answer'],
      ['unreadable', 'unreadable_answer'],
      ['oversize', 'unreadable_answer'],
    ];
    const cases = doubts.flatMap(([kind, reason, status]) =>
      [false, true].map((taken) => ({
        kind,
        reason,
        taken,
        fault: { kind, accepted: taken, ...(status && { status }) },
      })),
    );
    it.each(cases)('$kind, accepted: $taken', async ({ reason, taken, fault }) => {
      sandbox.faults.add(fault as Fault);
      expect(await send()).toMatchObject({ kind: 'unknown', reason });
      expect(accepted()).toBe(taken ? 1 : 0);
    });

    it.each([408, 499, 460])(
      'HTTP %i, by which a server tells that somebody gave up waiting',
      async (status) => {
        for (const body of ['<h1>Time-out</h1>', '{"success":false,"error":{"code":1},"result":"error"}']) {
          sandbox.faults.add({ kind: 'answer', status, body, count: 1, accepted: true });
          expect(await send()).toMatchObject({ kind: 'unknown', reason: 'timeout' });
        }
      },
    );

    it('ends a hanging request when the signal aborts', async () => {
      sandbox.faults.add({ kind: 'hang', accepted: true });
      const abort = new AbortController();
      const sending = send(harness.message(1), abort.signal);
      await expect.poll(() => accepted()).toBe(1);
      abort.abort();
      expect(await sending).toMatchObject({ kind: 'unknown', reason: 'timeout' });
    });

    it('ends a hanging request at its own timeout', async () => {
      sandbox.faults.add({ kind: 'hang' });
      await reconnect({ timeoutMs: 100 } as Partial<S & CommonChannelSettings>);
      expect(await send()).toMatchObject({ kind: 'unknown', reason: 'timeout' });
    });

    it('ends a hanging request when the client closes', async () => {
      sandbox.faults.add({ kind: 'hang' });
      const sending = send();
      await expect.poll(() => sandbox.journal.report().calls).toBe(1);
      await client.close();
      expect(await sending).toMatchObject({ kind: 'unknown', reason: 'connection_lost' });
    });

    it('follows no redirect, and does not take it for an answer', async () => {
      const elsewhere = { location: `${sandbox.url}/sandbox/report` };
      sandbox.faults.add({ kind: 'answer', status: 302, headers: elsewhere, count: 1 });
      const detail = expect.stringContaining('baseUrl');
      expect(await send()).toMatchObject({ kind: 'unknown', reason: 'unreadable_answer', detail });
      expect(sandbox.journal.report().calls).toBe(1);
    });
  });

  describe('what never got there', () => {
    it('a refused connection', async () => {
      await sandbox.close();
      expect(await send()).toMatchObject({ kind: 'failed', reason: 'not_connected', detail: 'ECONNREFUSED' });
    });

    it('a server that does not speak TLS', async () => {
      await reconnect({}, sandbox.url.replace('http:', 'https:'));
      expect(await send()).toMatchObject({ kind: 'failed', reason: 'not_connected' });
      expect(sandbox.journal.report().calls).toBe(0);
    });

    it('a request that was aborted before it started', async () => {
      expect(await send(harness.message(1), AbortSignal.abort())).toMatchObject({
        kind: 'failed',
        reason: 'not_connected',
      });
      expect(sandbox.journal.report().calls).toBe(0);
    });

    it.each([401, 403, 404, 407])(
      'what something in front of the platform refuses with %i',
      async (status) => {
        sandbox.faults.add({
          kind: 'answer',
          status,
          headers: { 'content-type': 'text/html' },
          body: '<h1>No</h1>',
        });
        expect(await send()).toMatchObject({ kind: 'failed', reason: 'not_connected' });
      },
    );
  });

  it('recovers by itself once the platform does', async () => {
    sandbox.faults.add({ kind: 'reset', count: 1 }, { kind: 'server_error', count: 1 });
    const kinds = [await send(), await send(), await send()].map(({ kind }) => kind);
    expect(kinds).toEqual(['unknown', 'unknown', delivered.kind]);
  });

  it('lets neither a key nor the content into an outcome', async () => {
    const secrets = definition.secrets.map((name) => String(harness.settings[name as keyof S]));
    const echo = `rejected: ${CONTENT} ${secrets.join(' ')}\n\u001b[31m`;
    const bodies = [echo, JSON.stringify({ success: false, errors: [echo], msg: echo, detail: echo }), ''];
    for (const status of [200, 302, 400, 403, 422, 429, 500]) {
      for (const body of bodies) {
        sandbox.faults.add({ kind: 'answer', status, body, count: 1 });
        const told = JSON.stringify(await send());
        for (const secret of [CONTENT, ...secrets]) expect(told).not.toContain(secret);
        expect(told).not.toContain('\\u001b');
      }
    }
  });
}
