import { z } from 'zod';
import { type Entry, parseJsonLine, readLines } from '../lines.ts';
import type { InvalidItem } from '../producer/send.ts';
import { BROKEN, refused, refusedLine, summaryLine } from './line-stream.ts';
import { type ProblemBody, problemBody } from './problem.ts';
import { stopping } from './problem-of-error.ts';
import { type Answer, type ApiRequest, NDJSON_TYPE } from './route.ts';

/**
 * Lists the recipients of a campaign from an NDJSON body of any length, and answers meanwhile: one line for each recipient that is
 * refused, and one for each chunk of 500, or 2,000 over shards, that is listed. Sent again, from the beginning or from the end of a chunk, the body makes
 * the same chunks, and the campaign knows those that it has.
 */

/** Recipients that were handled, including invalid ones. */
export interface HandledBatch {
  /** Index of the first one in the source. */
  from: number;
  count: number;
  /** Absent in a dry run, which lists none. */
  listed?: number;
  duplicate?: number;
}

/**
 * Reads the whole source and reports each batch, after its invalid recipients.
 * @returns further counts for the summary
 */
export type ListRecipients = (
  source: AsyncIterable<unknown>,
  tell: { onInvalid(item: InvalidItem): void; onBatch(batch: HandledBatch): void },
) => Promise<Record<string, number>>;

const listedLine = z.object({
  through: z.int().describe('All lines up to this one are taken, or refused above.'),
  listed: z
    .int()
    .optional()
    .describe('Recipients of this chunk that are new to the campaign; absent in a dry run.'),
  duplicate: z
    .int()
    .optional()
    .describe('Recipients of this chunk that the campaign had, or that are named twice in it.'),
});

export const recipientAnswer = z.union([listedLine, refusedLine, summaryLine]);

/** A recipient and its values are shorter than a message. */
const MAX_LINE_BYTES = 64 * 1024;
/**
 * Nothing more of the body is read while so many lines of the answer wait for the client, or of the body for their batch, which has up to
 * 2,000.
 */
const MAX_WAITING = 4_000;

type Streamed = Pick<ApiRequest, 'chunks' | 'draining' | 'problemOf' | 'stillValid'>;

export const recipientStream = (request: Streamed, list: ListRecipients): Answer => ({
  status: 200,
  type: NDJSON_TYPE,
  stream: answers(request, list),
});

async function* answers(request: Streamed, list: ListRecipients): AsyncGenerator<string, void, undefined> {
  const outbox = createOutbox();
  const source = createSource(request, outbox.room);
  const tally = createTally(source, outbox.put, (error) => request.problemOf(error).body);
  let end: End | undefined;
  const finish = (how: End): void => {
    end = how;
    outbox.wake();
  };
  list(source.recipients(), tally).then(
    (counts) => finish({ counts }),
    (error: unknown) => finish({ problem: request.problemOf(error).body }),
  );
  try {
    for (;;) {
      const text = outbox.take();
      if (text !== '') yield text;
      else if (end) break;
      else await outbox.change();
    }
    yield tally.summary(end);
  } finally {
    source.stop();
    outbox.take();
  }
}

/** Lines on their way to the client. */
function createOutbox() {
  let lines: string[] = [];
  let wake = (): void => {};
  let look = (): void => {};
  return {
    put(value: unknown): void {
      lines.push(`${JSON.stringify(value)}\n`);
      wake();
      look();
    },
    take(): string {
      const text = lines.join('');
      lines = [];
      look();
      return text;
    },
    wake: () => wake(),
    change: (): Promise<void> =>
      new Promise((resolve) => {
        wake = resolve;
      }),
    /** Resolves when few enough lines wait here and among the others. */
    room: async (others: () => number): Promise<void> => {
      while (lines.length + others() > MAX_WAITING)
        await new Promise<void>((resolve) => {
          look = resolve;
        });
    },
  };
}

type Line = { line: number; problem?: string };

interface Source {
  /** A value for each line that is not empty; `null`, which is no recipient, for one that cannot be read. */
  recipients(): AsyncGenerator<unknown, void, undefined>;
  /** The line of the value at an index. */
  lineOf(index: number): Line;
  /** Forgets the lines before this index. */
  forget(before: number): void;
  /** How many values there were. */
  count(): number;
  stop(): void;
}

function createSource(request: Streamed, room: (others: () => number) => Promise<void>): Source {
  let kept: Line[] = [];
  let first = 0;
  let stopped = false;
  const keep = (entry: Entry<unknown>): unknown => {
    kept.push('problem' in entry ? { line: entry.line, problem: entry.problem } : { line: entry.line });
    return 'problem' in entry ? null : entry.value;
  };
  return {
    async *recipients() {
      for await (const entry of readLines(whileAllowed(request), { maxBytes: MAX_LINE_BYTES })) {
        await room(() => kept.length);
        if (stopped) throw new Error('nobody reads the answer');
        yield keep('problem' in entry ? entry : parseJsonLine(entry));
      }
    },
    lineOf: (index) => kept[index - first]!,
    forget(before) {
      kept = kept.slice(before - first);
      first = before;
    },
    count: () => first + kept.length,
    stop() {
      stopped = true;
    },
  };
}

/** @throws ApiProblem when the process stops, or the token is no longer valid: what was read by then is listed, and the list stays open */
async function* whileAllowed({
  chunks,
  draining,
  stillValid,
}: Streamed): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = chunks()[Symbol.asyncIterator]();
  let abort = (): void => {};
  const onAbort = (): void => abort();
  draining.addEventListener('abort', onAbort);
  try {
    for (;;) {
      const result = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        abort = () => reject(stopping());
        if (draining.aborted) abort();
        else iterator.next().then(resolve, () => reject(BROKEN));
      });
      if (result.done) return;
      await stillValid();
      yield result.value;
    }
  } finally {
    draining.removeEventListener('abort', onAbort);
  }
}

type End = { counts: Record<string, number> } | { problem: ProblemBody };

/** Reports batches in order, whichever ends first, and sums up. */
function createTally(
  source: Source,
  put: (value: unknown) => void,
  problemOf: (error: unknown) => ProblemBody,
) {
  const counts = { listed: 0, duplicate: 0, refused: 0 };
  const waiting = new Map<number, { batch: HandledBatch; invalid: InvalidItem[] }>();
  let invalid: InvalidItem[] = [];
  let told = 0;
  let through = 0;
  function tell(batch: HandledBatch, invalid: readonly InvalidItem[]): void {
    for (const { index, error } of invalid) {
      const { line, problem } = source.lineOf(index);
      put(refused(line, problem === undefined ? problemOf(error) : problemBody('bad_request', problem)));
    }
    const { from, count, listed, duplicate } = batch;
    counts.listed += listed ?? 0;
    counts.duplicate += duplicate ?? 0;
    counts.refused += invalid.length;
    told = from + count;
    through = source.lineOf(told - 1).line;
    source.forget(told);
    put({ through, listed, duplicate });
  }
  return {
    onInvalid(item: InvalidItem): void {
      invalid.push(item);
    },
    onBatch(batch: HandledBatch): void {
      waiting.set(batch.from, { batch, invalid });
      invalid = [];
      for (let next = waiting.get(told); next; next = waiting.get(told)) {
        waiting.delete(told);
        tell(next.batch, next.invalid);
      }
    },
    summary(end: End): string {
      const complete = 'counts' in end;
      const all = complete ? { ...counts, ...end.counts } : counts;
      const rest = complete ? {} : { resumeAt: through + 1, problem: end.problem };
      return `${JSON.stringify({ summary: { lines: told, counts: all, complete, ...rest } })}\n`;
    },
  };
}
