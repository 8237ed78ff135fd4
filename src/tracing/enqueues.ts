import type { Producer } from '../producer/producer.ts';
import type { Source } from '../producer/source-reader.ts';
import { KINDS, type OpenSpan, type Tracing } from './tracing.ts';

type Sending<Input> = Pick<Producer<Input>, 'send' | 'sendMany'>;

/** A message with its trace context, and its span; without a span if it is no object or its `traceparent` is invalid. */
interface Traced<Input> {
  message: Input;
  open?: OpenSpan;
}

/**
 * Gives each message of `send` and `sendMany` a span `enqueue`, and passes its trace on in the message: the caller's, or that of the
 * `traceparent` which the message already has.
 */
export function traceEnqueues<Input>(producer: Producer<Input>, tracing: Tracing): Producer<Input> {
  function begin(message: Input): Traced<Input> {
    if (typeof message !== 'object' || message === null) return { message };
    const { traceparent, channel, platform, id } = message as Record<string, unknown>;
    const given = typeof traceparent === 'string' ? tracing.remote(traceparent) : undefined;
    // An invalid one is left to the check of the message, which refuses it.
    if (traceparent !== undefined && !given) return { message };
    // What is no text is refused by the check, too; nothing is asked of it here, since that may throw.
    const name = channel ?? platform;
    const destination = typeof name === 'string' ? name : 'unknown';
    const open = tracing.begin(`enqueue ${destination}`, {
      kind: KINDS.producer,
      parent: given ?? tracing.active(),
      attributes: {
        'messaging.system': 'herald',
        'messaging.destination.name': destination,
        ...(typeof id === 'string' && { 'messaging.message.id': id }),
      },
    });
    const taken = tracing.traceparentOf(open.span);
    return { open, message: taken === undefined ? message : { ...message, traceparent: taken } };
  }

  function end(open: OpenSpan | undefined, { status, id }: { status: string; id: string }): void {
    open?.span.setAttributes({ 'messaging.message.id': id, 'herald.status': status }).end();
  }

  function fail(open: OpenSpan | undefined, error: unknown): void {
    if (open) tracing.fail(open.span, error instanceof Error ? error.name : typeof error);
  }

  const sending: Sending<Input> = {
    async send(given) {
      const { message, open } = begin(given);
      try {
        const result = await producer.send(message);
        end(open, result);
        return result;
      } catch (error) {
        fail(open, error);
        throw error;
      }
    },
    async sendMany(messages, options = {}) {
      /** The spans of the messages in flight, by position. */
      const opened = new Map<number, OpenSpan>();
      const take = (index: number): OpenSpan | undefined => {
        const open = opened.get(index);
        opened.delete(index);
        return open;
      };
      const traced = mapped(messages, (given, index) => {
        const { message, open } = begin(given);
        if (open) opened.set(index, open);
        return message;
      });
      try {
        return await producer.sendMany(traced, {
          ...options,
          onResult(result) {
            end(take(result.index), result);
            options.onResult?.(result);
          },
          onInvalid(item) {
            fail(take(item.index), item.error);
            options.onInvalid?.(item);
          },
        });
      } catch (error) {
        for (const open of opened.values()) fail(open, error);
        throw error;
      }
    },
  };
  return { ...producer, ...sending };
}

/** Maps a source lazily; a synchronous one stays synchronous. */
function mapped<T>(source: Source<T>, map: (item: T, index: number) => T): Source<T> {
  if (Symbol.asyncIterator in source) {
    return (async function* () {
      let index = 0;
      for await (const item of source) yield map(item, index++);
    })();
  }
  return (function* () {
    let index = 0;
    for (const item of source) yield map(item, index++);
  })();
}
