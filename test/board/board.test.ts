import { EventEmitter, once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { BoardRole } from '../../src/admin/board-access.ts';
import { type BoardBackend, openBoardBackend } from '../../src/admin/board-backend.ts';
import { type BoardService, createBoardService } from '../../src/board/service.ts';
import { systemClock } from '../../src/clock.ts';
import { board } from '../../src/config/board.ts';
import { BODY_MS } from '../../src/http/read-body.ts';
import { createProducer } from '../../src/index.ts';
import { createLogger } from '../../src/observe/log.ts';
import { platforms } from '../../src/platforms/registry.ts';
import { CHANNELS_KEY } from '../../src/redis/keys.ts';
import { digestOf } from '../../src/tokens/secret.ts';
import type { ConfiguredToken } from '../../src/tokens/verify.ts';
import { type Environment, openEnvironment } from '../../testing/environment.ts';
import { eventually } from '../../testing/eventually.ts';

/** What a browser is not needed for: who gets in, and with what a form must come. */

let env: Environment;
let backend: BoardBackend;
let service: BoardService;
const CHANNEL = 'kongregate';
const BY = { via: 'command', name: 'test@host' } as const;
const CONFIGURED = 'a token of the configuration';

/** Errors, as lines. */
const logged: string[] = [];

const open = (): BoardBackend =>
  openBoardBackend({ redis: env.server.url, channels: [] }, { platforms, clock: systemClock });

async function serve(tokens: readonly ConfiguredToken[], settings: object = {}): Promise<BoardService> {
  const config = board.parse({ port: 0, url: 'https://herald.example', ...settings });
  const served = createBoardService(config, {
    openBoardBackend: open,
    tokens,
    timeoutMs: 1_000,
    logger: createLogger({
      level: 'error',
      destination: { write: (line) => void logged.push(line) },
      secrets: [],
    }),
    clock: systemClock,
  });
  await served.start();
  return served;
}

beforeAll(async () => {
  env = await openEnvironment({ channels: { [CHANNEL]: {} } });
  backend = open();
  const facts = { platform: 'kongregate', quota: null, eligibility: null, rate: null };
  await env.redis.hset(CHANNELS_KEY, CHANNEL, JSON.stringify(facts));
  service = await serve([{ name: 'fixed', sha256: digestOf(CONFIGURED), scopes: ['read'] }]);
});

afterAll(async () => {
  await service.close(500);
  await backend.close();
  await env.close();
});

interface Answer {
  status: number;
  location: string | null;
  headers: Headers;
  text: string;
  cookies: string[];
}

async function ask(
  path: string,
  {
    cookie,
    form,
    headers,
    at = service,
  }: {
    cookie?: string;
    form?: Record<string, string>;
    headers?: Record<string, string>;
    at?: BoardService;
  } = {},
): Promise<Answer> {
  const answer = await fetch(`${at.url}/board${path}`, {
    redirect: 'manual',
    headers: { ...(cookie !== undefined && { cookie }), ...headers },
    ...(form && { method: 'POST', body: new URLSearchParams(form) }),
  });
  return {
    status: answer.status,
    location: answer.headers.get('location'),
    headers: answer.headers,
    text: await answer.text(),
    cookies: answer.headers.getSetCookie(),
  };
}

const pairsOf = (cookies: readonly string[]): string => cookies.map((each) => each.split(';')[0]).join('; ');
const csrfIn = ({ text }: Answer): string => /name="csrf" value="([^"]+)"/.exec(text)?.[1] ?? '';

/** As a browser would, by the form. @returns the session's cookie */
async function enter(path: string, fields: Record<string, string>): Promise<Answer> {
  const shown = await ask(path);
  return await ask(path, { cookie: pairsOf(shown.cookies), form: { ...fields, csrf: csrfIn(shown) } });
}

async function signedIn(role: BoardRole, channels: readonly string[] | null = null): Promise<string> {
  const secret = await backend.access.createLink({ name: 'anna', role, channels }, 60_000, BY);
  const entered = await enter('/link', { secret });
  return entered.cookies.find((each) => each.includes('session'))!.split(';')[0]!;
}

describe('the way in', () => {
  it('is shut to those who are not signed in', async () => {
    const { status, location } = await ask('/audit?before=1-1');
    expect([status, location]).toEqual([303, '/board/sign-in?next=%2Fboard%2Faudit%3Fbefore%3D1-1']);
    const events = await ask('', { headers: { accept: 'text/event-stream' } });
    expect(events.status).toBe(204);
    expect((await ask('', { cookie: '__Secure-herald_session=wrong' })).location).toBe('/board/sign-in');
  });

  it('is found with a slash at its end', async () => {
    const { status, location } = await ask('/');
    expect([status, location]).toEqual([302, '/board']);
  });

  it('opens by a link once', async () => {
    const secret = await backend.access.createLink(
      { name: 'anna', role: 'read', channels: null },
      60_000,
      BY,
    );
    const first = await enter('/link', { secret });
    expect([first.status, first.location]).toEqual([303, '/board']);
    const cookie = first.cookies.find((each) => each.includes('session'))!;
    expect(cookie).toMatch(
      /^__Secure-herald_session=[\w-]{43}; Max-Age=43200; Path=\/board; HttpOnly; Secure; SameSite=Strict$/,
    );
    expect((await enter('/link', { secret })).status).toBe(401);
    expect((await enter('/link', { secret: 'x' })).status).toBe(401);
  });

  it('opens by a token that may read or operate, until it is revoked', async () => {
    const { tokens } = backend.admin;
    const sending = await tokens.create({ name: 'shop', scopes: ['send'] });
    expect((await enter('/sign-in', { token: sending.token })).status).toBe(401);
    const reading = await tokens.create({ name: 'grafana', scopes: ['read'], channels: [CHANNEL] });
    const entered = await enter('/sign-in', { token: reading.token, next: '/board/audit' });
    expect(entered.location).toBe('/board/audit');
    const cookie = entered.cookies.find((each) => each.includes('session'))!.split(';')[0]!;
    expect((await ask('', { cookie })).text).toContain('grafana');
    await tokens.revoke(reading.id);
    expect((await ask('', { cookie })).location).toBe('/board/sign-in');
  });

  it('opens by a token of the configuration, for as long as that has it, and as it has it', async () => {
    const entered = await enter('/sign-in', { token: CONFIGURED });
    const cookie = entered.cookies.find((each) => each.includes('session'))!.split(';')[0]!;
    expect((await ask(`/channels/${CHANNEL}`, { cookie })).status).toBe(200);
    const own = { name: 'fixed', sha256: digestOf(CONFIGURED), scopes: ['read'] } as const;
    const others = [[], [{ ...own, sha256: digestOf('another') }], [{ ...own, channels: ['other'] }]];
    const shown: number[] = [];
    for (const tokens of others) {
      const at = await serve(tokens);
      shown.push((await ask(`/channels/${CHANNEL}`, { cookie, at })).status);
      await at.close(100);
    }
    expect(shown).toEqual([303, 303, 404]);
  });

  it.each(['//elsewhere', '/board/\\elsewhere', '/board/\r\nx: y', 'https://elsewhere/board'])(
    'leads nowhere else: %j',
    async (next) => {
      const { token } = await backend.admin.tokens.create({ name: 'reader', scopes: ['read'] });
      const { status, location } = await enter('/sign-in', { token, next });
      expect([status, location]).toEqual([303, '/board']);
    },
  );

  it('is shut again by a sign-out', async () => {
    const cookie = await signedIn('read');
    const csrf = csrfIn(await ask('', { cookie }));
    expect((await ask('/sign-out', { cookie, form: { csrf: 'wrong' } })).status).toBe(403);
    expect((await ask('/sign-out', { cookie, form: { csrf } })).location).toBe('/board/sign-in');
    expect((await ask('', { cookie })).location).toBe('/board/sign-in');
  });

  it('needs the form that was shown', async () => {
    const secret = await backend.access.createLink(
      { name: 'anna', role: 'read', channels: null },
      60_000,
      BY,
    );
    expect((await ask('/link', { form: { secret, csrf: 'guessed' } })).status).toBe(403);
    expect((await enter('/link', { secret })).status).toBe(303);
  });
});

describe('a form', () => {
  const PAUSE = `/channels/${CHANNEL}/pause`;

  it('that changes something needs its token, an operator and the same site', async () => {
    const reader = await signedIn('read');
    const operator = await signedIn('operate');
    const csrf = csrfIn(await ask('', { cookie: operator }));
    expect((await ask(PAUSE, { form: { csrf } })).status).toBe(303);
    expect((await ask(PAUSE, { cookie: operator, form: {} })).status).toBe(403);
    expect(
      (await ask(PAUSE, { cookie: operator, form: { csrf: csrfIn(await ask('', { cookie: reader })) } }))
        .status,
    ).toBe(403);
    expect(
      (await ask(PAUSE, { cookie: reader, form: { csrf: csrfIn(await ask('', { cookie: reader })) } }))
        .status,
    ).toBe(403);
    for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }] as Record<
      string,
      string
    >[])
      expect((await ask(PAUSE, { cookie: operator, form: { csrf }, headers })).status).toBe(403);
    expect((await backend.admin.status())[0]?.stopped).toBeNull();

    const done = await ask(PAUSE, {
      cookie: operator,
      form: { csrf },
      headers: { origin: 'null', 'sec-fetch-site': 'same-origin' },
    });
    expect([done.status, done.location]).toEqual([303, `/board/channels/${CHANNEL}?done=paused`]);
    const { acts } = await backend.admin.acts();
    expect(acts[0]).toMatchObject({ action: 'channel.pause', actor: { via: 'board', name: 'anna' } });
  });

  it('reaches no channel that its user may not see', async () => {
    const cookie = await signedIn('operate', ['another']);
    const csrf = csrfIn(await ask('', { cookie }));
    expect((await ask(PAUSE, { cookie, form: { csrf } })).status).toBe(404);
    const purge = { csrf, channel: CHANNEL, until: '1', typed: '0' };
    expect((await ask('/dead-letters/purge', { cookie, form: purge })).status).toBe(404);
  });

  it('cancels a campaign by the number that it showed, though more are listed by then', async () => {
    const gate = new EventEmitter();
    async function* recipients() {
      for (let userId = 1; userId <= 1_001; userId += 1) {
        yield { to: { userId } };
        if (userId % 500 === 0) await once(gate, 'more');
      }
    }
    const producer = createProducer({ redis: env.server.url, channels: [CHANNEL] });
    onTestFinished(() => producer.close());
    const listing = producer
      .campaign({ id: 'growing', platform: 'kongregate', content: 'Hello' }, recipients())
      .catch(() => {});
    const until = (count: number) =>
      eventually(
        `${count} recipients`,
        async () => (await backend.admin.campaigns.show('growing'))[0]?.listed,
        (listed) => listed === count,
      );
    await until(500);
    const cookie = await signedIn('operate');
    const page = `/campaigns/${CHANNEL}/growing`;
    const shown = await ask(page, { cookie });
    const listed = /name="listed" value="(\d+)"/.exec(shown.text)?.[1] ?? '';
    gate.emit('more');
    await until(1_000);
    const cancel = (typed: string) =>
      ask(`${page}/cancel`, { cookie, form: { csrf: csrfIn(shown), listed, typed } });
    expect((await cancel('1')).text).toContain('Nothing was changed.');
    expect((await cancel('500')).location).toContain('done=campaign_cancelled');
    expect(await backend.admin.campaigns.show('growing')).toMatchObject([{ state: 'cancelled' }]);
    gate.emit('more');
    await listing;
  });

  it('that its client leaves in the middle of is no error', async () => {
    const before = logged.length;
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const sent = request(`${service.url}/board/sign-in`, { method: 'POST', headers });
    sent.on('error', () => {});
    sent.write('a');
    await once(sent, 'socket');
    await ask('/sign-in');
    const closed = new Promise((resolve) => sent.once('close', resolve));
    sent.destroy();
    await closed;
    for (let i = 0; i < 3; i += 1) await ask('/sign-in');
    expect(logged.slice(before)).toEqual([]);
  });

  it('that does not arrive in time is refused', async () => {
    const cookie = await signedIn('operate');
    const real = globalThis.setTimeout;
    const hurried = ((act: () => void, ms?: number) => real(act, ms === BODY_MS ? 20 : ms)) as typeof real;
    const spy = vi.spyOn(globalThis, 'setTimeout').mockImplementation(hurried);
    onTestFinished(() => spy.mockRestore());
    for (const path of ['/sign-in', PAUSE]) {
      const headers = { cookie, 'content-type': 'application/x-www-form-urlencoded' };
      const sent = request(`${service.url}/board${path}`, { method: 'POST', headers });
      onTestFinished(() => void sent.destroy());
      sent.on('error', () => {});
      const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
      sent.write('csrf=');
      const [{ statusCode, headers: got }] = await answered;
      expect([path, statusCode, got.connection]).toEqual([path, 408, 'close']);
    }
  });

  it('of a megabyte is not read', async () => {
    const cookie = await signedIn('operate');
    expect((await ask(PAUSE, { cookie, form: { csrf: 'x'.repeat(1_000_000) } })).status).toBe(413);
  });
});

describe('every answer', () => {
  it('forbids whatever is not the board’s own', async () => {
    const cookie = await signedIn('operate');
    const answers = [
      await ask('', { cookie }),
      await ask('/sign-in'),
      await ask('/nowhere', { cookie }),
      await ask('/channels/none', { cookie }),
    ];
    for (const { headers } of answers) {
      const policy = headers.get('content-security-policy');
      expect(policy).toMatch(/^default-src 'none'; /);
      expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
      expect(policy).toContain("frame-ancestors 'none'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('strict-transport-security')).toContain('max-age');
    }
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 404, 404]);
  });

  it('says what was not understood', async () => {
    const cookie = await signedIn('operate');
    for (const path of [`/channels/${CHANNEL}/player?to=x`, `/channels/${CHANNEL}/player?to={}`])
      expect((await ask(path, { cookie })).status, path).toBe(400);
    expect((await ask('/messages/nobody', { cookie })).status).toBe(404);
    const ignored = ['reason=x&since=y&channel=', 'since=99999999999999d'].map(
      (query) => `/dead-letters?${query}`,
    );
    const pages = ['18446744073709551616-0', '1-18446744073709551616', '0-0'].map(
      (id) => `/audit?before=${id}`,
    );
    for (const path of [...ignored, ...pages]) expect((await ask(path, { cookie })).status, path).toBe(200);
    const form = { csrf: csrfIn(await ask('', { cookie })), channel: CHANNEL, at: '99999999999999d' };
    expect((await ask('/messages/nobody/reschedule', { cookie, form })).status).toBe(400);
  });
});

describe('tries to get in', () => {
  it('are limited where they fail', async () => {
    const { token } = await backend.admin.tokens.create({ name: 'reader', scopes: ['read'] });
    const at = await serve([]);
    onTestFinished(() => at.close(100));
    const { cookies, ...shown } = await ask('/sign-in', { at });
    const cookie = pairsOf(cookies);
    const csrf = csrfIn({ ...shown, cookies });
    const fromHere = async (form: Record<string, string>) =>
      (await ask('/sign-in', { at, cookie, form: { csrf, ...form } })).status;
    // Neither one that succeeds nor a form that is too old is a try that failed.
    for (let i = 0; i < 61; i += 1) await fromHere(i % 2 === 0 ? { token } : { csrf: 'old' });
    const wrong = Array.from({ length: 61 }, () => fromHere({ token: 'wrong' }));
    const statuses = (await Promise.all(wrong)).sort();
    expect(statuses).toEqual([...Array.from({ length: 60 }, () => 401), 429]);
    expect(await fromHere({ token })).toBe(429);
  });

  it('are told apart behind a proxy that is trusted', async () => {
    const at = await serve([], { trustedProxies: 1 });
    onTestFinished(() => at.close(100));
    const { cookies, ...shown } = await ask('/sign-in', { at });
    const csrf = csrfIn({ ...shown, cookies });
    const from = async (address: string) => {
      const headers = { 'x-forwarded-for': `6.6.6.6, ${address}` };
      const form = { csrf, token: 'wrong' };
      return (await ask('/sign-in', { at, cookie: pairsOf(cookies), form, headers })).status;
    };
    for (let i = 0; i < 60; i += 1) await from('1.1.1.1');
    expect([await from('1.1.1.1'), await from('2.2.2.2')]).toEqual([429, 401]);
  });
});

/** After all others. */
describe('without Redis', () => {
  it('a screen says so soon, also where it is frozen', async () => {
    const cookie = await signedIn('operate');
    await env.redis.client('PAUSE', 4_000, 'ALL');
    const asked = performance.now();
    const { status, text } = await ask('', { cookie });
    expect([status, text.includes('Redis is away')]).toEqual([503, true]);
    expect(performance.now() - asked).toBeLessThan(3_500);
    await env.redis.client('UNPAUSE');
  });

  it('a screen says so, and nobody gets in', async () => {
    const cookie = await signedIn('operate');
    await env.server.stop();
    const { status, text } = await ask('/dead-letters', { cookie });
    expect([status, text.includes('Redis is away')]).toEqual([503, true]);
    const signIn = await enter('/sign-in', { token: `herald_0123456789ab_${'x'.repeat(43)}` });
    expect(signIn.status).toBe(503);
    expect(signIn.cookies.join()).not.toContain('session');
  });
});
