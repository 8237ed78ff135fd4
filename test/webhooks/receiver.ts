import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An endpoint that webhooks are posted to. */

export const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;

export interface Posted {
  id: string;
  headers: IncomingHttpHeaders;
  body: { type: string; timestamp: string; data: Record<string, unknown> };
  text: string;
}

export interface Receiver {
  readonly url: string;
  readonly posted: Posted[];
  /** How it answers; 204 at first. */
  answer: (request: Posted, response: ServerResponse) => void;
  /** Requests that are not answered, and whose sender waits. */
  open(): number;
  close(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const posted: Posted[] = [];
  let open = 0;
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) text += chunk;
    const { headers } = request;
    open += 1;
    response.on('close', () => {
      open -= 1;
    });
    const one = { id: String(headers['webhook-id']), headers, body: JSON.parse(text), text };
    posted.push(one);
    receiver.answer(one, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?key=1`,
    posted,
    open: () => open,
    answer: (_, response) => void response.writeHead(204).end(),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return receiver;
}
