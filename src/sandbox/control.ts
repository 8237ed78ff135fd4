import { Hono } from 'hono';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { App } from '../http/listen.ts';
import { check } from '../message/check.ts';
import { problemsText } from '../message/problems.ts';
import { accountSchema } from './discourse/accounts.ts';
import type { DiscourseSandbox } from './discourse/discourse.ts';
import { type FaultPlan, faultSchema } from './faults.ts';
import type { Journal } from './journal.ts';
import type { KongregateSandbox } from './kongregate/kongregate.ts';
import { nameKey, playerSchema } from './kongregate/players.ts';
import type { UsercomSandbox } from './usercom.ts';
import type { ZulipSandbox } from './zulip.ts';

/** What a test reads and sets of a running sandbox. */
export interface SandboxState {
  readonly kongregate: KongregateSandbox;
  readonly zulip: ZulipSandbox;
  readonly discourse: DiscourseSandbox;
  readonly usercom: UsercomSandbox;
  readonly faults: FaultPlan;
  readonly journal: Journal;
  /** Empties the journal and the faults; players, keys and the day's messages stay. */
  reset(): void;
}

/**
 * The sandbox's own HTTP interface, for programs in other languages and for `curl`, below `/sandbox`:
 *
 * | call | body or query | does |
 * |---|---|---|
 * | `GET /report` | `?platform=` | what was received and accepted, in numbers |
 * | `GET /recipients` | `?platform=` | calls and accepted messages of each recipient |
 * | `GET /calls` | `?platform=` `?recipient=` `?limit=` | the latest calls with their content |
 * | `GET`, `POST`, `DELETE /faults` | a list of faults | shows, adds, clears |
 * | `PUT /zulip/webhook-bots` | `["email:key"]` | sets the bots that may send and not read |
 * | `PUT /zulip/old` | `true` | makes it a server before 7.0, or a later one |
 * | `PUT /kongregate/players` | `[{ userId, username, state }]` | sets players |
 * | `PUT /kongregate/keys`, `/usercom/keys` | `["key"]` | sets the good keys |
 * | `PUT /zulip/keys`, `/discourse/keys` | `["name:key"]` | the same, with the account's name |
 * | `PUT /discourse/accounts` | `[{ username, staff, mayMessage, silenced, groups, topics }]` | says who the writing accounts are |
 * | `POST /kongregate/new-day` | | forgets the messages of the day |
 * | `POST /kongregate/foreign` | `[{ userId }]` or `[{ username }]` | somebody else sends to these players |
 * | `POST /reset` | | empties the journal and the faults |
 *
 * A body that does not fit is answered with 400 and the fields that are wrong.
 */
export function controlRoutes(sandbox: SandboxState, clock: Pick<Clock, 'now'>): App {
  const app: App = new Hono();
  app.onError((error, c) => {
    const wrong = error instanceof RangeError || error instanceof SyntaxError;
    return c.json({ error: error.message }, wrong ? 400 : 500);
  });
  readOut(app, sandbox);
  app.get('/faults', (c) => c.json(sandbox.faults.list()));
  app.post('/faults', async (c) => {
    sandbox.faults.add(...read(z.array(faultSchema), await c.req.json()));
    return c.json(sandbox.faults.list());
  });
  app.delete('/faults', (c) => {
    sandbox.faults.clear();
    return c.body(null, 204);
  });
  for (const [path, set] of Object.entries(settings(sandbox))) {
    app.put(path, async (c) => {
      set(await c.req.json());
      return c.body(null, 204);
    });
  }
  app.post('/kongregate/new-day', (c) => {
    sandbox.kongregate.newDay();
    return c.body(null, 204);
  });
  app.post('/kongregate/foreign', async (c) => {
    const players = read(z.array(foreignSchema), await c.req.json());
    const recipients = players.map((to) => ('userId' in to ? `${to.userId}` : nameKey(to.username)));
    sandbox.kongregate.sendForeign(clock.now(), ...recipients);
    return c.body(null, 204);
  });
  app.post('/reset', (c) => {
    sandbox.reset();
    return c.body(null, 204);
  });
  return app;
}

/** @throws RangeError with the fields that are wrong; those of a list by their position, from 0 */
function read<T>(schema: z.ZodType<T>, given: unknown): T {
  const checked = check(schema, given);
  if ('data' in checked) return checked.data;
  throw new RangeError(
    problemsText(checked.problems.map(({ path, message }) => ({ path: path || 'body', message }))),
  );
}

/** What a PUT sets, by its path. */
function settings({
  kongregate,
  zulip,
  discourse,
  usercom,
}: Pick<SandboxState, 'kongregate' | 'zulip' | 'discourse' | 'usercom'>): Record<
  string,
  (body: unknown) => void
> {
  const texts = z.array(z.string().min(1));
  return {
    '/kongregate/players': (body) => kongregate.players.set(...read(z.array(playerSchema), body)),
    '/kongregate/keys': (body) => kongregate.setApiKeys(...read(texts, body)),
    '/zulip/keys': (body) => zulip.setCredentials(...read(texts, body)),
    '/zulip/webhook-bots': (body) => zulip.setWebhookBots(...read(texts, body)),
    '/zulip/old': (body) => zulip.setOld(read(z.boolean(), body)),
    '/discourse/accounts': (body) => discourse.accounts.set(...read(z.array(accountSchema), body)),
    '/discourse/keys': (body) => discourse.setCredentials(...read(texts, body)),
    '/usercom/keys': (body) => usercom.setApiKeys(...read(texts, body)),
  };
}

const foreignSchema = z.union([
  z.strictObject({ userId: z.int().positive() }),
  z.strictObject({ username: z.string().min(1) }),
]);
const platformQuery = z.strictObject({ platform: z.string().optional() });
const callsQuery = z.strictObject({
  platform: z.string().optional(),
  recipient: z.string().optional(),
  limit: z.coerce.number().int().positive().default(1_000),
});

function readOut(app: App, { journal }: Pick<SandboxState, 'journal'>): void {
  app.get('/report', (c) => c.json(journal.report(read(platformQuery, c.req.query()).platform)));
  app.get('/recipients', (c) =>
    c.json(Object.fromEntries(journal.recipients(read(platformQuery, c.req.query()).platform))),
  );
  app.get('/calls', (c) => {
    const { platform, recipient, limit } = read(callsQuery, c.req.query());
    const calls = journal.calls(platform);
    return c.json(
      calls.filter((call) => recipient === undefined || call.recipient === recipient).slice(-limit),
    );
  });
}
