import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** A span as OTLP/HTTP brings it, flat. */
export interface CollectedSpan {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  /** By the wire's numbers: 1 internal, 3 client, 4 producer, 5 consumer. */
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: Record<string, unknown>;
  status: { code?: number; message?: string };
  /** Attributes of whoever sent it. */
  resource: Record<string, unknown>;
}

export interface Collector {
  url: string;
  spans: CollectedSpan[];
  /** All that came, as it came. */
  text(): string;
  /** Answers every request with this from here on. */
  answer(status: number): void;
  close(): void;
}

interface Attribute {
  key: string;
  value: Record<string, unknown>;
}

interface Wire {
  resourceSpans: {
    resource: { attributes: Attribute[] };
    scopeSpans: { spans: (Omit<CollectedSpan, 'attributes' | 'resource'> & { attributes: Attribute[] })[] }[];
  }[];
}

const flat = (attributes: Attribute[]): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

/** An OTLP/HTTP receiver. */
export async function startCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  let [text, status] = ['', 200];
  const server = createServer(async (request, response) => {
    const body = (await json(request)) as Wire;
    text += JSON.stringify(body);
    for (const { resource, scopeSpans } of body.resourceSpans) {
      for (const span of scopeSpans.flatMap((scope) => scope.spans)) {
        const attributes = flat(span.attributes);
        spans.push({ ...span, attributes, resource: flat(resource.attributes) });
      }
    }
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    text: () => text,
    answer: (with_) => {
      status = with_;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
