import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';

/** A client of server-sent events that does only what it is told to: it reads, pauses, and leaves. */

export interface ServerEvent {
  id?: string;
  event?: string;
  data?: string;
  comment?: string;
}

export interface EventSource {
  readonly answer: IncomingMessage;
  readonly events: ServerEvent[];
  /** The last id that was sent. */
  lastId(): string | undefined;
  ended(): boolean;
  leave(): void;
}

function parse(block: string): ServerEvent {
  const event: ServerEvent = {};
  for (const line of block.split('\n')) {
    const [, name, value] = /^([^:]*): ?(.*)$/.exec(line) ?? [];
    if (name === '') event.comment = value!;
    else if (name === 'id' || name === 'event' || name === 'data') event[name] = value!;
  }
  return event;
}

export async function openEvents(url: string, headers: Record<string, string>): Promise<EventSource> {
  const asking: ClientRequest = request(url, { headers: { accept: 'text/event-stream', ...headers } });
  asking.on('error', () => {});
  asking.end();
  const [answer] = (await once(asking, 'response')) as [IncomingMessage];
  const events: ServerEvent[] = [];
  let text = '';
  let over = false;
  answer.setEncoding('utf8');
  answer.on('data', (chunk: string) => {
    const blocks = (text + chunk).split('\n\n');
    text = blocks.pop()!;
    events.push(...blocks.map(parse));
  });
  answer.on('error', () => {});
  answer.on('close', () => {
    over = true;
  });
  return {
    answer,
    events,
    lastId: () => events.findLast(({ id }) => id !== undefined)?.id,
    ended: () => over,
    leave: () => asking.destroy(),
  };
}
