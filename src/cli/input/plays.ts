import type { Entry } from '../../lines.ts';
import { parseJsonLine } from '../../lines.ts';
import { parseInstant } from '../../time.ts';
import { splitCsv } from './csv.ts';

/** A play: the player (in the shape of the channel's messages, checked by the producer) and the instant. */
export interface PlayLine {
  to: unknown;
  at: Date;
}

type Value<T> = { value: T } | { problem: string };

/** Before September 2001 in milliseconds: meant in seconds, with or without a fraction. */
const EARLIEST_MS = 1_000_000_000_000;
const SECONDS = /^\d{9,12}$/;
const isInSeconds = (input: unknown): boolean =>
  typeof input === 'number' ? input < EARLIEST_MS : SECONDS.test(String(input));

/**
 * When a play was: an ISO instant with its offset, or milliseconds since the epoch.
 * @param name of the field, for problems
 */
export function playedAt(input: unknown, name = 'at'): Value<Date> {
  if (input === undefined || input === '') return { problem: `${name}: is missing` };
  if (isInSeconds(input)) return { problem: `${name}: expected milliseconds, not seconds` };
  const value = parseInstant(input);
  return value ? { value } : { problem: `${name}: expected an ISO instant such as 2026-01-31T12:00:00Z` };
}

const COLUMNS = ['userId', 'username', 'recipient'] as const;
type Column = (typeof COLUMNS)[number];

/** In the column `recipient`, digits are a user id, and anything else is a name. */
function recipientOf(column: Column, text: string): Value<Record<string, unknown>> {
  if (text === '') return { problem: `${column}: is missing` };
  const isNumber = column !== 'username' && /^\d+$/.test(text);
  if (column === 'userId' && !isNumber) return { problem: 'userId: expected a positive whole number' };
  return { value: isNumber ? { userId: Number(text) } : { username: text } };
}

function toPlay(line: number, to: Value<unknown>, at: unknown): Entry<PlayLine> {
  if ('problem' in to) return { line, ...to };
  const instant = playedAt(at);
  return 'problem' in instant ? { line, ...instant } : { line, value: { to: to.value, at: instant.value } };
}

/** The columns of a CSV file, by their places. */
interface Header {
  column: Column;
  recipientAt: number;
  instantAt: number;
}

function parseHeader(line: string): Value<Header> {
  const names = splitCsv(line)?.map((name) => name.toLowerCase()) ?? [];
  const found = COLUMNS.filter((column) => names.includes(column.toLowerCase()));
  const [column] = found;
  const instantAt = names.indexOf('at');
  if (column === undefined || found.length > 1 || instantAt < 0) {
    return { problem: 'expected a header with one of userId, username, recipient, and with at' };
  }
  return { value: { column, recipientAt: names.indexOf(column.toLowerCase()), instantAt } };
}

function csvPlay({ line, value }: { line: number; value: string }, header: Header): Entry<PlayLine> {
  const fields = splitCsv(value);
  if (fields === undefined) return { line, problem: 'misplaced quote' };
  const to = recipientOf(header.column, fields[header.recipientAt] ?? '');
  return toPlay(line, to, fields[header.instantAt]);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `{"userId":32,"at":…}`, or the shape of the producer's call: `{"to":{"userId":32},"at":…}`. */
function jsonPlay(entry: { line: number; value: string }): Entry<PlayLine> {
  const parsed = parseJsonLine(entry);
  if ('problem' in parsed) return parsed;
  const { line, value } = parsed;
  if (!isRecord(value)) return { line, problem: 'expected an object' };
  if (value['to'] !== undefined) return toPlay(line, { value: value['to'] }, value['at']);
  const given = COLUMNS.filter((column) => value[column] !== undefined);
  const [column] = given;
  if (column === undefined || given.length > 1) {
    return { line, problem: 'expected to, or one of userId, username, recipient' };
  }
  return toPlay(line, recipientOf(column, String(value[column])), value['at']);
}

/**
 * Plays from CSV (with a header) or NDJSON, distinguished by the first line. A bad line does not affect the others; an invalid header is
 * the only entry.
 */
export async function* readPlays(
  lines: AsyncIterable<Entry<string>>,
): AsyncGenerator<Entry<PlayLine>, void, undefined> {
  let read: ((entry: { line: number; value: string }) => Entry<PlayLine>) | undefined;
  for await (const entry of lines) {
    if ('problem' in entry) {
      yield entry;
    } else if (read) {
      yield read(entry);
    } else if (entry.value.trimStart().startsWith('{')) {
      read = jsonPlay;
      yield read(entry);
    } else {
      const header = parseHeader(entry.value);
      if ('problem' in header) return yield { line: entry.line, ...header };
      read = (row) => csvPlay(row, header.value);
    }
  }
}
