import { type Entry, type Place, placeText } from '../lines.ts';
import { problemsText } from '../message/problems.ts';
import { InterruptedError, InvalidMessageError, ProducerTimeoutError } from '../producer/errors.ts';
import type { InvalidItem } from '../producer/send.ts';
import { EXIT, type ExitCode } from './context.ts';
import { describeFailure } from './describe-failure.ts';
import { type Numbered, numbered } from './input/numbered.ts';
import type { Source } from './input/source.ts';
import { startProgress } from './progress.ts';
import type { Invocation } from './shell.ts';

/** Hands a file of messages or plays to a producer: bad lines are reported, and the rest is enqueued. */
export interface BulkJob<T, R> {
  source: Source;
  entries: AsyncIterable<Entry<T>>;
  /** What is counted, for people: `messages`. */
  noun: string;
  /** Hands over the values, and calls `onInvalid` with each one that is refused. */
  handOver(values: AsyncIterable<T>, onInvalid: (item: InvalidItem) => void): Promise<R>;
}

export interface RefusedLine {
  line: number | null;
  /** Within a JSON array, from 0. */
  index?: number;
  error: string;
}

export interface BulkReport<R> {
  /** The name of the source, for people. */
  source: string;
  /** What the producer did; undefined if it failed without saying. */
  result: R;
  /** Every bad line is reported on standard error at once; the first thousand are kept for `--json`. */
  refused: { total: number; lines: RefusedLine[] };
  /** Why not everything was handed over, as a sentence, and the exit code if nothing was. */
  stopped?: { why: string; exitCode: ExitCode } | undefined;
}

const REFUSED_KEPT = 1000;

/** Only the paths and messages of the fields, since the number of the line precedes them. */
const refusalText = (error: InvalidItem['error']): string =>
  error instanceof InvalidMessageError ? problemsText(error.problems) : error.message;

const refusedLine = (place: Place | undefined, error: string): RefusedLine => ({
  line: place?.line ?? null,
  ...(place?.index !== undefined && { index: place.index }),
  error,
});

function stoppedBy(
  { cause, resumeAt, restUntouched }: InterruptedError<unknown>,
  values: Numbered<unknown>,
): BulkReport<unknown>['stopped'] {
  const place = values.placeOf(resumeAt);
  const where = place === undefined ? 'at the end of the input' : `before ${placeText(place)}`;
  const rest = restUntouched
    ? 'nothing from there on was stored'
    : 'some of what follows may have been stored';
  const why =
    cause instanceof ProducerTimeoutError
      ? `Redis ${cause.trouble}`
      : cause instanceof Error
        ? cause.message
        : String(cause);
  const exitCode = restUntouched ? describeFailure(cause).exitCode : EXIT.partly;
  return { why: `${why}; stopped ${where}, ${rest}`, exitCode };
}

/** @throws any error that is neither a bad line nor an outage in between */
export async function runBulk<T, R>(
  job: BulkJob<T, R>,
  { context, output }: Invocation,
): Promise<BulkReport<R>> {
  const { stderr: stream, clock } = context;
  const progress = startProgress({ stream, clock, noun: job.noun, total: job.source.totalBytes });
  const refused: BulkReport<R>['refused'] = { total: 0, lines: [] };
  const refuse = (place: Place | undefined, error: string): void => {
    refused.total += 1;
    if (refused.lines.length < REFUSED_KEPT) refused.lines.push(refusedLine(place, error));
    progress.giveWay();
    output.note(`${job.source.name}: ${place ? placeText(place) : 'line ?'}: ${error}`);
  };
  const values = numbered(job.entries, refuse);
  async function* watched(): AsyncGenerator<T, void, undefined> {
    for await (const value of values.values) {
      progress.update(job.source.bytesRead(), values.count());
      yield value;
    }
  }
  try {
    const onInvalid = ({ index, error }: InvalidItem): void => {
      if (!values.isBad(index)) refuse(values.placeOf(index), refusalText(error));
    };
    const result = await job.handOver(watched(), onInvalid);
    const stopped = context.signal.aborted ? { why: 'interrupted', exitCode: EXIT.partly } : undefined;
    return { source: job.source.name, result, refused, stopped };
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error;
    const stopped = stoppedBy(error, values);
    return { source: job.source.name, result: error.progress as R, refused, stopped };
  } finally {
    job.source.close();
    progress.stop();
  }
}

/** @param settled how many messages or plays the producer accepted */
export function bulkExitCode({ refused, stopped }: BulkReport<unknown>, settled: number): ExitCode {
  if (stopped && settled === 0) return stopped.exitCode;
  return stopped || refused.total > 0 ? EXIT.partly : EXIT.done;
}
