import type { Attributes, Span } from '@opentelemetry/api';
import type { Delivery, Pipeline } from '../jobs/envelope.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Disposition, Outcome } from '../outcome.ts';
import type { PlatformClient } from '../platforms/port.ts';
import { KINDS, type OpenSpan, type SpanBegin, type Tracing } from './tracing.ts';

/**
 * The spans of a message on its way through a worker: `wait` until its first pickup, and `deliver` for each pickup, which contains
 * `admit`, `send` or `confirm`, and `settle`. They name the message, its channel and its result, but nothing of its content, its
 * recipient or the platform's answer.
 *
 * They are made by wrappers around a worker's parts, so that a worker without tracing pays nothing.
 */
export interface DeliveryTracing {
  pipeline(pipeline: Pipeline): Pipeline;
  ledger(ledger: Ledger): Ledger;
  client(client: PlatformClient): PlatformClient;
}

export interface TracedChannel {
  name: string;
  platform: string;
  baseUrl: string;
}

export function traceDeliveries(tracing: Tracing, channel: TracedChannel): DeliveryTracing {
  /** Keyed by what the parts are given: the ledger gets a message's ledger entry, the platform the message itself. */
  const open = new WeakMap<object, OpenSpan>();
  const within = createSteps(tracing, open);
  const server = new URL(channel.baseUrl).hostname;

  function begin(delivery: Delivery): OpenSpan {
    const { message, ledger, ref } = delivery;
    const parent = message.traceparent === undefined ? undefined : tracing.remote(message.traceparent);
    const attributes = messageAttributes(delivery, channel);
    // Only at the first pickup, not when it is repeated in place because the rate refused it for a moment.
    if (delivery.pickups === 1 && !open.has(ledger) && parent) {
      const wait = { kind: KINDS.internal, parent, at: Number(delivery.source.enqueuedAt), attributes };
      tracing.begin('wait', wait).span.end();
    }
    const begun = tracing.begin(`deliver ${channel.name}`, { kind: KINDS.consumer, parent, attributes });
    open.set(ledger, begun);
    open.set(message, begun);
    const traceparent = tracing.traceparentOf(begun.span);
    if (traceparent !== undefined) ref.traceId = begun.span.spanContext().traceId;
    return begun;
  }

  return {
    pipeline: (pipeline) => ({
      ...pipeline,
      deliver(entry, answered) {
        if (entry.kind !== 'delivery') return pipeline.deliver(entry);
        const { span } = begin(entry.delivery);
        return pipeline.deliver(entry, answered).then(
          (next) => {
            span.setAttributes(nextAttributes(next)).end();
            return next;
          },
          (error: unknown) => {
            tracing.fail(span, nameOf(error));
            throw error;
          },
        );
      },
    }),
    ledger: (ledger) => ({
      admit: (message, nonce) =>
        within(
          message,
          ['admit', { kind: KINDS.internal }],
          () => ledger.admit(message, nonce),
          ({ verdict }) => ({ 'herald.verdict': verdict.kind }),
        ),
      settle: (settlement) =>
        within(
          settlement.message,
          ['settle', { kind: KINDS.internal }],
          () => ledger.settle(settlement),
          ({ status }) => ({
            'herald.settled': status,
            ...(settlement.final && stateAttributes(settlement.final)),
          }),
        ),
    }),
    client: (client) => {
      const { confirm } = client;
      const request = (attempt: number): SpanBegin => ({
        kind: KINDS.client,
        attributes: { 'server.address': server, 'herald.attempt': attempt },
      });
      return {
        send: (sent) =>
          within(
            sent.message as object,
            [`send ${channel.platform}`, request(sent.attempt)],
            () => client.send(sent),
            outcomeAttributes,
            problemOf,
          ),
        ...(confirm && {
          confirm: (asked) =>
            within(
              asked.message as object,
              [`confirm ${channel.platform}`, request(asked.attempt)],
              () => confirm.call(client, asked),
              ({ kind }) => ({ 'herald.answer': kind }),
            ),
        }),
        ...(client.examine && { examine: (signal) => client.examine!(signal) }),
        close: () => client.close(),
      };
    },
  };
}

/** Runs a step in a span of its own, if its delivery has one: what a sweep settles has none. */
type RunStep = <T>(
  of: object,
  begin: [name: string, options: SpanBegin],
  run: () => Promise<T>,
  describe: (result: T) => Attributes,
  /** Why the step counts as an error; undefined if it does not. */
  problem?: (result: T) => string | undefined,
) => Promise<T>;

function createSteps(tracing: Tracing, open: WeakMap<object, OpenSpan>): RunStep {
  return async (of, [name, options], run, describe, problem) => {
    const delivery = open.get(of);
    if (!delivery) return await run();
    const { span } = tracing.begin(name, { ...options, parent: delivery.context });
    try {
      const result = await run();
      span.setAttributes(describe(result));
      endAs(span, problem?.(result));
      return result;
    } catch (error) {
      tracing.fail(span, nameOf(error));
      throw error;
    }
  };

  function endAs(span: Span, problem: string | undefined): void {
    if (problem === undefined) span.end();
    else tracing.fail(span, problem);
  }
}

const messageAttributes = ({ ref, pickups }: Delivery, { name, platform }: TracedChannel): Attributes => ({
  'messaging.system': 'herald',
  'messaging.destination.name': name,
  'messaging.message.id': ref.id,
  'herald.platform': platform,
  'herald.pickup': pickups,
  ...(ref.campaign !== undefined && { 'herald.campaign': ref.campaign }),
});

const stateAttributes = ({ state, reason }: { state: string; reason: string }): Attributes => ({
  'herald.state': state,
  'herald.state_reason': reason,
});

const outcomeAttributes = ({ kind, reason }: Outcome): Attributes => ({
  'herald.outcome': kind,
  'herald.reason': reason,
});

/** A platform that refuses a recipient or asks for patience has answered: that is no error of the request. */
const problemOf = ({ kind, reason }: Outcome): string | undefined =>
  kind === 'delivered' || kind === 'suppressed' || kind === 'throttled' ? undefined : reason;

function nextAttributes(next: Disposition): Attributes {
  const kind = { 'herald.next': next.kind };
  if (next.kind === 'complete') return { ...kind, ...stateAttributes(next.final) };
  if (next.kind === 'dead') return { ...kind, ...stateAttributes({ state: 'dead', reason: next.reason }) };
  if ('delayMs' in next) return { ...kind, 'herald.next_delay_ms': Math.round(next.delayMs) };
  return kind;
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);
