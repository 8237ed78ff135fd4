import { z } from 'zod';
import { type Entry, parseJsonLine } from '../lines.ts';
import { MAX_BODY_BYTES } from './body.ts';
import { createLineBatches, type LineBatches } from './line-batches.ts';
import { type ApiProblem, type ProblemBody, problem, problemBody, problemSchema } from './problem.ts';
import { stopping } from './problem-of-error.ts';
import { type Answer, type AnswerSpec, type ApiRequest, JSON_TYPE, NDJSON_TYPE } from './route.ts';

/**
 * Handles an NDJSON body of any length line by line: for each line of the request, in order, the answer has a line with its result
 * once it is stored; the last line sums up. At most two batches are in progress, and none is read while the client reads no answers,
 * so memory is bounded.
 */

/** A line that was parsed as JSON. */
export interface JsonLine {
  /** From 1, empty lines included. */
  line: number;
  /** From 0, empty lines left out. */
  index: number;
  value: unknown;
  /** As it was sent. */
  text: string;
}

/** The result of a line; `status` is counted in the summary. */
export type LineResult =
  | { line: number; status: string; id?: string }
  | { line: number; status: 'refused'; problem: ProblemBody };

/** Results in any order; lines without a result were not handled, for the reason in `stopped`. */
export interface BatchResult {
  results: readonly LineResult[];
  /** Why the rest of the stream is not read. */
  stopped?: ApiProblem | undefined;
}

export type TakeLines = (lines: readonly JsonLine[]) => Promise<BatchResult>;

const summary = z.object({
  lines: z.int().describe('Lines that were answered; empty ones do not count.'),
  counts: z.record(z.string(), z.int()).describe('How many of them ended in each way.'),
  complete: z.boolean().describe('Whether the body was read to its end, and each line answered.'),
  resumeAt: z
    .int()
    .optional()
    .describe(
      'Where it is not complete, the line to send again from: the first that was not answered, or for messages with an Idempotency-Key 1. Sending all again does as well.',
    ),
  problem: problemSchema.optional().describe('Why it is not complete.'),
});

/** The last line of an answer. */
export const summaryLine = z.object({ summary: summary.describe('What became of all lines.') });

/** Which line of the request it is about. */
const LINE = z.int().describe('The line of the request, from 1, empty ones included.');

/** A line about one that was refused. */
export const refusedLine = z.object({
  line: LINE,
  status: z.literal('refused').describe('Nothing of it was taken; the other lines are not concerned.'),
  problem: problemSchema.describe('What is wrong with the line, with its fields in `errors`.'),
});

/** What a route answers with that takes one thing as JSON, or a stream of them: the result of the one, or of each line. */
export const oneOrLines = (result: z.ZodObject): NonNullable<AnswerSpec['content']> => ({
  [JSON_TYPE]: { schema: result },
  [NDJSON_TYPE]: { schema: z.union([result.extend({ line: LINE }), refusedLine, summaryLine]) },
});

/** How many batches are handled at a time. */
const IN_FLIGHT = 2;

/** @param whole whether the body can only be sent again from its first line on */
export function lineStream(
  { chunks, draining, header, ...request }: ApiRequest,
  take: TakeLines,
  { whole = false } = {},
): Answer {
  const minimal = /\breturn=minimal\b/.test(header('prefer') ?? '');
  const batches = createLineBatches(chunks(), MAX_BODY_BYTES);
  return {
    status: 200,
    type: NDJSON_TYPE,
    ...(minimal && { headers: { 'preference-applied': 'return=minimal' } }),
    stream: answers(batches, { take, request, draining, minimal, whole }),
  };
}

interface Taking {
  take: TakeLines;
  request: Pick<ApiRequest, 'problemOf' | 'stillValid'>;
}

interface StreamOptions extends Taking {
  draining: AbortSignal;
  /** Whether to answer only refused lines, and the summary. */
  minimal: boolean;
  whole: boolean;
}

async function* answers(
  batches: LineBatches,
  { draining, minimal, whole, ...taking }: StreamOptions,
): AsyncGenerator<string, void, undefined> {
  const stop = (): void => batches.stop();
  draining.addEventListener('abort', stop);
  // The process may have begun to stop while the token was checked.
  if (draining.aborted) stop();
  const tally = createTally(whole);
  try {
    for await (const batch of inOrder(batches, taking)) {
      const text = tally.add(batch, minimal);
      if (tally.stopped()) stop();
      if (text !== '') yield text;
    }
    yield tally.summary(batches.ended(), draining.aborted);
  } finally {
    draining.removeEventListener('abort', stop);
    stop();
  }
}

/** The results of its lines, in order. */
interface Batch extends BatchResult {
  /** The first line without one, or the one after its last. */
  resumeAt: number;
}

/**
 * Handles a few batches at a time and yields their results in order. Reads ahead while it does, so that results are yielded while no
 * further line arrives; reads nothing while nobody asks.
 */
async function* inOrder(batches: LineBatches, taking: Taking): AsyncGenerator<Batch, void, undefined> {
  const underWay: Promise<Batch>[] = [];
  let over = false;
  let wake = (): void => {};
  const change = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  let makeRoom = (): void => {};
  const room = (): Promise<void> =>
    new Promise((resolve) => {
      makeRoom = resolve;
    });
  const read = async (): Promise<void> => {
    let index = 0;
    for (let lines = await batches.next(); lines; lines = await batches.next()) {
      underWay.push(handled(lines, index, taking));
      index += lines.length;
      wake();
      if (underWay.length >= IN_FLIGHT) await room();
    }
    over = true;
    wake();
  };
  const reading = read();
  try {
    while (!over || underWay.length > 0) {
      if (underWay.length === 0) await change();
      else {
        yield await underWay[0]!;
        underWay.shift();
        makeRoom();
      }
    }
  } finally {
    over = true;
    batches.stop();
    makeRoom();
    await reading;
  }
}

/** Never rejects: a failure is the reason to stop. */
async function handled(
  entries: readonly Entry<string>[],
  index: number,
  { take, request }: Taking,
): Promise<Batch> {
  const parsed = entries.map((entry, i) => parsedLine(entry, index + i));
  const good = parsed.flatMap((line) => ('text' in line ? [line] : []));
  const valid = async (): Promise<BatchResult> => {
    await request.stillValid();
    return await take(good);
  };
  const { results, stopped } = await valid().catch(
    (error: unknown): BatchResult => ({ results: [], stopped: request.problemOf(error) }),
  );
  const known = new Map(results.map((result) => [result.line, result]));
  const all = parsed.map((line) => ('text' in line ? known.get(line.line) : line));
  const unanswered = all.indexOf(undefined);
  return {
    results: all.filter((result) => result !== undefined),
    stopped,
    resumeAt: unanswered < 0 ? entries.at(-1)!.line + 1 : entries[unanswered]!.line,
  };
}

function parsedLine(entry: Entry<string>, index: number): JsonLine | LineResult {
  if ('problem' in entry) return refused(entry.line, problemBody('bad_request', entry.problem));
  const parsed = parseJsonLine(entry);
  if ('problem' in parsed) return refused(entry.line, problemBody('bad_request', parsed.problem));
  return { line: entry.line, index, value: parsed.value, text: entry.value };
}

export const refused = (line: number, body: ProblemBody): LineResult => ({
  line,
  status: 'refused',
  problem: body,
});

/** Sums up, and writes the lines of the answer. */
function createTally(whole: boolean) {
  const counts: Record<string, number> = {};
  let lines = 0;
  let stopped: ApiProblem | undefined;
  /** The first line that is not answered, unless the body is whole. */
  let resumeAt = 1;
  return {
    stopped: () => stopped !== undefined,
    add(batch: Batch, minimal: boolean): string {
      lines += batch.results.length;
      for (const { status } of batch.results) counts[status] = (counts[status] ?? 0) + 1;
      if (!stopped && !whole) resumeAt = batch.resumeAt;
      stopped ??= batch.stopped;
      const told = minimal ? batch.results.filter((result) => 'problem' in result) : batch.results;
      return told.map((result) => `${JSON.stringify(result)}\n`).join('');
    },
    summary(ended: boolean, draining: boolean): string {
      const complete = ended && !stopped;
      const why = stopped ?? (draining ? stopping() : BROKEN);
      const rest = complete ? {} : { resumeAt, problem: why.body };
      return `${JSON.stringify({ summary: { lines, counts, complete, ...rest } })}\n`;
    },
  };
}

/** Mostly nobody reads this, since the connection is gone. */
export const BROKEN = problem('bad_request', 'the body did not come to its end');
