import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { faultSchema } from './faults.ts';
import { playerSchema } from './kongregate-players.ts';
import type { Sandbox } from './sandbox.ts';

/**
 * The sandbox's own HTTP interface, for programs in other languages and for `curl`, below `/sandbox`:
 *
 * | call | body or query | does |
 * |---|---|---|
 * | `GET /report` | | what was received and accepted, in numbers |
 * | `GET /recipients` | | calls and accepted messages of each recipient |
 * | `GET /calls` | `?recipient=` `?limit=` | the latest calls with their content |
 * | `GET`, `POST`, `DELETE /faults` | a list of faults | shows, adds, clears |
 * | `PUT /kongregate/players` | `[{ userId, username, state }]` | sets players |
 * | `PUT /kongregate/keys` | `["key"]` | sets the good keys |
 * | `POST /kongregate/new-day` | | forgets the messages of the day |
 * | `POST /reset` | | empties the journal and the faults |
 *
 * A body that does not fit is answered with 400 and the fields that are wrong.
 */
export function controlRoutes(app: FastifyInstance, sandbox: Omit<Sandbox, 'url' | 'port' | 'close'>): void {
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
  app.put('/kongregate/keys', (request, reply) => {
    sandbox.kongregate.setApiKeys(...z.array(z.string().min(1)).parse(request.body));
    return reply.code(204).send();
  });
  app.post('/kongregate/new-day', (_request, reply) => {
    sandbox.kongregate.newDay();
    return reply.code(204).send();
  });
  app.post('/reset', (_request, reply) => {
    sandbox.reset();
    return reply.code(204).send();
  });
}

const callsQuery = z.strictObject({
  recipient: z.string().optional(),
  limit: z.coerce.number().int().positive().default(1_000),
});

function readOut(app: FastifyInstance, { journal }: Pick<Sandbox, 'journal'>): void {
  app.get('/report', () => journal.report());
  app.get('/recipients', () => Object.fromEntries(journal.recipients()));
  app.get('/calls', (request) => {
    const { recipient, limit } = callsQuery.parse(request.query);
    const calls = journal.calls();
    return calls.filter((call) => recipient === undefined || call.recipient === recipient).slice(-limit);
  });
}
