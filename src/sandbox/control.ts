import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { accountSchema } from './discourse-accounts.ts';
import { faultSchema } from './faults.ts';
import { nameKey, playerSchema } from './kongregate-players.ts';
import type { Sandbox } from './sandbox.ts';

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
export function controlRoutes(
  app: FastifyInstance,
  sandbox: Omit<Sandbox, 'url' | 'port' | 'close'>,
  clock: Pick<Clock, 'now'>,
): void {
  app.setErrorHandler((error, _request, reply) => {
    const wrong = error instanceof z.ZodError || error instanceof RangeError;
    const message = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    return reply.code(wrong ? 400 : 500).send({ error: message });
  });
  readOut(app, sandbox);
  app.get('/faults', () => sandbox.faults.list());
  app.post('/faults', (request) => {
    sandbox.faults.add(...z.array(faultSchema).parse(request.body));
    return sandbox.faults.list();
  });
  app.delete('/faults', (_request, reply) => {
    sandbox.faults.clear();
    return reply.code(204).send();
  });
  app.put('/kongregate/players', (request, reply) => {
    sandbox.kongregate.players.set(...z.array(playerSchema).parse(request.body));
    return reply.code(204).send();
  });
  app.put('/discourse/accounts', (request, reply) => {
    sandbox.discourse.accounts.set(...z.array(accountSchema).parse(request.body));
    return reply.code(204).send();
  });
  const keys = {
    kongregate: (...good: string[]) => sandbox.kongregate.setApiKeys(...good),
    zulip: (...good: string[]) => sandbox.zulip.setCredentials(...good),
    discourse: (...good: string[]) => sandbox.discourse.setCredentials(...good),
    usercom: (...good: string[]) => sandbox.usercom.setApiKeys(...good),
  };
  for (const [name, set] of Object.entries(keys)) {
    app.put(`/${name}/keys`, (request, reply) => {
      set(...z.array(z.string().min(1)).parse(request.body));
      return reply.code(204).send();
    });
  }
  app.put('/zulip/webhook-bots', (request, reply) => {
    sandbox.zulip.setWebhookBots(...z.array(z.string().min(1)).parse(request.body));
    return reply.code(204).send();
  });
  app.put('/zulip/old', (request, reply) => {
    sandbox.zulip.setOld(z.boolean().parse(request.body));
    return reply.code(204).send();
  });
  app.post('/kongregate/new-day', (_request, reply) => {
    sandbox.kongregate.newDay();
    return reply.code(204).send();
  });
  app.post('/kongregate/foreign', (request, reply) => {
    const players = z.array(foreignSchema).parse(request.body);
    const recipients = players.map((to) => ('userId' in to ? `${to.userId}` : nameKey(to.username)));
    sandbox.kongregate.sendForeign(clock.now(), ...recipients);
    return reply.code(204).send();
  });
  app.post('/reset', (_request, reply) => {
    sandbox.reset();
    return reply.code(204).send();
  });
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

function readOut(app: FastifyInstance, { journal }: Pick<Sandbox, 'journal'>): void {
  app.get('/report', (request) => journal.report(platformQuery.parse(request.query).platform));
  app.get('/recipients', (request) =>
    Object.fromEntries(journal.recipients(platformQuery.parse(request.query).platform)),
  );
  app.get('/calls', (request) => {
    const { platform, recipient, limit } = callsQuery.parse(request.query);
    const calls = journal.calls(platform);
    return calls.filter((call) => recipient === undefined || call.recipient === recipient).slice(-limit);
  });
}
