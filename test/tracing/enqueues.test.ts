import * as api from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { describe, expect, it } from 'vitest';
import type { MessageInput } from '../../src/index.ts';
import type { Producer } from '../../src/producer/producer.ts';
import { traceEnqueues } from '../../src/tracing/enqueues.ts';
import { createTracing } from '../../src/tracing/tracing.ts';

const given: MessageInput = { id: 'hello-21', platform: 'kongregate', to: { userId: 21 }, content: 'Hello' };
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const traceparent = `00-${TRACE}-00f067aa0ba902b7-01`;
const zeros = traceparent.replace(TRACE, '0'.repeat(32));

/** A producer that takes what `answer` does not throw for, its messages as they arrived, and its spans. */
function traced(answer: (index: number) => void = () => {}) {
  const spans = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  const tracing = createTracing(api, provider.getTracer('test'));
  const taken: MessageInput[] = [];
  const take = (message: MessageInput): { status: 'queued'; id: string } => {
    taken.push(message);
    answer(taken.length - 1);
    return { status: 'queued', id: message.id ?? 'm_made-up' };
  };
  const plain = {
    send: async (message: MessageInput) => take(message),
    async sendMany(messages: AsyncIterable<MessageInput>, { onResult, onInvalid }: Hooks) {
      let index = 0;
      for await (const message of messages) {
        const result = take(message);
        if (message.content === '') onInvalid({ index, error: new TypeError('content') });
        else onResult({ index, ...result });
        index += 1;
      }
      return { queued: index, duplicate: 0, invalid: [], invalidTotal: 0 };
    },
  } as unknown as Producer<MessageInput>;
  return { producer: traceEnqueues(plain, tracing), taken, spans: () => spans.getFinishedSpans() };
}

interface Hooks {
  onResult(result: object): void;
  onInvalid(item: object): void;
}

describe('a message that is sent', () => {
  it('takes its span along, and leaves the caller’s object alone', async () => {
    const { producer, taken, spans } = traced();
    await producer.send(given);
    const [span] = spans();
    const { traceId, spanId } = span!.spanContext();
    expect(taken).toEqual([{ ...given, traceparent: `00-${traceId}-${spanId}-01` }]);
    expect(given).not.toHaveProperty('traceparent');
    expect(span).toMatchObject({ name: 'enqueue kongregate', kind: api.SpanKind.PRODUCER });
    expect(span!.attributes).toMatchObject({ 'messaging.message.id': 'hello-21', 'herald.status': 'queued' });
  });

  it('goes on with the trace that it was given', async () => {
    const { producer, taken, spans } = traced();
    await producer.send({ ...given, traceparent });
    expect(spans()[0]!.spanContext().traceId).toBe(TRACE);
    expect(taken[0]!.traceparent).toBe(`00-${TRACE}-${spans()[0]!.spanContext().spanId}-01`);
  });

  it('is left for its check to refuse where its trace is none, or where it is no message', async () => {
    const { producer, taken, spans } = traced();
    await producer.send({ ...given, traceparent: 'none' });
    await producer.send({ ...given, traceparent: zeros });
    await producer.send(null as never).catch(() => {});
    expect(taken).toEqual([{ ...given, traceparent: 'none' }, { ...given, traceparent: zeros }, null]);
    expect(spans()).toEqual([]);
  });

  it('has a span that says what went wrong, without its words', async () => {
    const { producer, spans } = traced(() => {
      throw new TypeError('something secret');
    });
    await expect(producer.send(given)).rejects.toThrow('something secret');
    expect(spans()[0]!.status).toEqual({ code: api.SpanStatusCode.ERROR, message: 'TypeError' });
  });
});

describe('many messages', () => {
  async function* later(messages: MessageInput[]) {
    yield* messages;
  }

  it.each([
    ['a list', (messages: MessageInput[]) => messages],
    ['a stream', later],
  ])('have a span each: %s', async (_, source) => {
    const { producer, taken, spans } = traced();
    const results: number[] = [];
    await producer.sendMany(source([given, { ...given, content: '' }, given]), {
      onResult: ({ index }) => void results.push(index),
    });
    expect(results).toEqual([0, 2]);
    expect(new Set(taken.map((message) => message.traceparent)).size).toBe(3);
    expect(spans().map(({ status }) => status.code)).toEqual([
      api.SpanStatusCode.UNSET,
      api.SpanStatusCode.ERROR,
      api.SpanStatusCode.UNSET,
    ]);
  });

  it('are not stopped by one whose channel is no text', async () => {
    const { producer, taken, spans } = traced();
    const channel = { toString: 1, valueOf: 1 } as never;
    await producer.sendMany([{ ...given, channel }, given]);
    expect(taken).toMatchObject([{ channel }, given]);
    expect(spans().map(({ name }) => name)).toEqual(['enqueue unknown', 'enqueue kongregate']);
  });

  it('leave no span open where Redis fails in between', async () => {
    const { producer, spans } = traced((index) => {
      if (index === 1) throw new RangeError('gone');
    });
    await expect(producer.sendMany([given, given, given])).rejects.toThrow('gone');
    expect(spans().map(({ status }) => status.message)).toEqual([undefined, 'RangeError']);
  });
});

describe('a span', () => {
  it.each([Number.NaN, 1e17])('that would begin at no instant begins now: %s', (at) => {
    const spans = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
    createTracing(api, provider.getTracer('test')).begin('wait', { kind: 0, at }).span.end();
    expect(spans.getFinishedSpans()[0]!.startTime.every(Number.isSafeInteger)).toBe(true);
  });
});
