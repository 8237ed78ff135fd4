import type * as Api from '@opentelemetry/api';
import type { Attributes, Context, Span, SpanKind, Tracer } from '@opentelemetry/api';

/** Tracing through OpenTelemetry's API. Herald does not import the API at run time: the application passes it in. */

/** The module `@opentelemetry/api`, as `import * as api` gives it. */
export type TracingApi = Pick<
  typeof Api,
  'context' | 'isSpanContextValid' | 'ROOT_CONTEXT' | 'SpanStatusCode' | 'trace'
>;

/** A started span, and the context for its children. */
export interface OpenSpan {
  readonly span: Span;
  readonly context: Context;
}

export interface SpanBegin {
  kind: Kind;
  /** The span is the root of a new trace when absent. */
  parent?: Context | undefined;
  /** Milliseconds since the epoch; now when absent, or when no instant: the export would lose all spans beside it. */
  at?: number | undefined;
  attributes?: Attributes | undefined;
}

export interface Tracing {
  begin(name: string, options: SpanBegin): OpenSpan;
  /** Ends a span as failed. `why` is from a closed set of words, or the name of an error: never its text. */
  fail(span: Span, why: string): void;
  /** The caller's current context. */
  active(): Context;
  /** The context of a message's `traceparent`; undefined if that is invalid. */
  remote(traceparent: string): Context | undefined;
  /** The `traceparent` that passes a span on in a message; undefined if no SDK is set up. */
  traceparentOf(span: Span): string | undefined;
}

/** The numbers of `SpanKind`. */
export const KINDS = { internal: 0, client: 2, producer: 3, consumer: 4 } as const;
export type Kind = (typeof KINDS)[keyof typeof KINDS];

const PARTS = /^(?!ff)[0-9a-f]{2}-(?<traceId>[0-9a-f]{32})-(?<spanId>[0-9a-f]{16})-(?<flags>[0-9a-f]{2})$/;
/** The only trace flag in use. */
const SAMPLED = 1;

export function createTracing(api: TracingApi, tracer: Tracer): Tracing {
  return {
    begin(name, { kind, parent = api.ROOT_CONTEXT, at, attributes = {} }) {
      // A Date, because the SDK takes a small number for milliseconds since the start of the process.
      const began = new Date(at ?? Number.NaN);
      const startTime = Number.isNaN(began.getTime()) ? {} : { startTime: began };
      const span = tracer.startSpan(name, { kind: kind as SpanKind, attributes, ...startTime }, parent);
      return { span, context: api.trace.setSpan(parent, span) };
    },
    fail(span, why) {
      span.setStatus({ code: api.SpanStatusCode.ERROR, message: why });
      span.end();
    },
    active: () => api.context.active(),
    remote(traceparent) {
      const { traceId = '', spanId = '', flags = '' } = PARTS.exec(traceparent)?.groups ?? {};
      const remote = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & SAMPLED, isRemote: true };
      return api.isSpanContextValid(remote) ? api.trace.setSpanContext(api.ROOT_CONTEXT, remote) : undefined;
    },
    traceparentOf(span) {
      const context = span.spanContext();
      if (!api.isSpanContextValid(context)) return undefined;
      const flags = (context.traceFlags & SAMPLED).toString(16).padStart(2, '0');
      return `00-${context.traceId}-${context.spanId}-${flags}`;
    },
  };
}
