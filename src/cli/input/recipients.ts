import type { Entry } from '../../lines.ts';
import { parseJsonLine } from '../../lines.ts';
import type { CampaignRecipient } from '../../message/campaign.ts';
import { recipientFields } from '../../message/recipients.ts';
import type { PlatformDefinition } from '../../platforms/port.ts';
import { splitCsv } from './csv.ts';
import { playedAt } from './plays.ts';

/** What a field of a file stands for: a part of `to`, the last play, or a value of `data`. */
type Meaning = { of: 'to' | 'data'; name: string } | { of: 'lastPlayedAt' };

type Line = Extract<Entry<string>, { value: string }>;

const LAST_PLAYED_AT = 'lastPlayedAt';

/**
 * Recipients from CSV (with a header) or NDJSON, distinguished by the first line. A bad line does not affect the others; a header that
 * names no recipient is the only entry.
 * @param platform whose recipients these are
 */
export async function* readRecipients(
  lines: AsyncIterable<Entry<string>>,
  platform: PlatformDefinition,
): AsyncGenerator<Entry<CampaignRecipient>, void, undefined> {
  const fields = createFields(platform);
  let read: ((line: Line) => Entry<CampaignRecipient>) | undefined;
  for await (const entry of lines) {
    if ('problem' in entry) yield entry;
    else if (read) yield read(entry);
    else if (entry.value.trimStart().startsWith('{')) {
      read = (line) => jsonRecipient(line, fields);
      yield read(entry);
    } else {
      const names = splitCsv(entry.value) ?? [];
      // Spreadsheets write commas behind the last column.
      while (names.at(-1) === '') names.pop();
      const columns = names.map(fields.meaningOf);
      if (!columns.some(({ of }) => of === 'to'))
        return yield { line: entry.line, problem: `expected a header with ${fields.wanted}` };
      const unnamed = names.indexOf('') + 1;
      if (unnamed > 0)
        return yield { line: entry.line, problem: `the header has no name in column ${unnamed}` };
      const twice = columns.find((column, i) => columns.findIndex((other) => isSame(column, other)) < i);
      if (twice) return yield { line: entry.line, problem: `the header has ${nameOf(twice)} twice` };
      read = (line) => csvRecipient(line, columns, fields);
    }
  }
}

interface Fields {
  /** Of a column, or of a field beside `to`: `to.x` and `data.x` say it themselves. */
  meaningOf(name: string): Meaning;
  /** The value of a field of `to` that a text stands for: the first of number, text and list of one that the platform takes. */
  valueOf(field: string, text: string): unknown;
  /** For people. */
  wanted: string;
}

function createFields(platform: PlatformDefinition): Fields {
  const schemas = recipientFields(platform);
  const names = [...schemas.keys()];
  const byLower = new Map(names.map((name) => [name.toLowerCase(), name]));
  return {
    wanted: `one of ${names.join(', ')}`,
    meaningOf(name) {
      if (name.startsWith('to.')) return { of: 'to', name: name.slice('to.'.length) };
      if (name.startsWith('data.')) return { of: 'data', name: name.slice('data.'.length) };
      if (name.toLowerCase() === LAST_PLAYED_AT.toLowerCase()) return { of: LAST_PLAYED_AT };
      const field = byLower.get(name.toLowerCase());
      return field === undefined ? { of: 'data', name } : { of: 'to', name: field };
    },
    valueOf(field, text) {
      const single = String(Number(text)) === text ? [Number(text), text] : [text];
      const fits = (value: unknown) => schemas.get(field)?.some((schema) => schema.safeParse(value).success);
      // Where nothing fits, the producer says what was expected.
      return [...single, ...single.map((value) => [value])].find(fits) ?? text;
    },
  };
}

function csvRecipient(
  { line, value }: Line,
  columns: readonly Meaning[],
  fields: Fields,
): Entry<CampaignRecipient> {
  const cells = splitCsv(value);
  if (cells === undefined) return { line, problem: 'misplaced quote' };
  if (cells.slice(columns.length).some((text) => text !== ''))
    return { line, problem: `has ${cells.length} fields, the header has ${columns.length}` };
  // An empty cell is no value: the campaign's applies, and a placeholder without a value is reported.
  const given = cells.flatMap((text, i): [Meaning, unknown][] => (text === '' ? [] : [[columns[i]!, text]]));
  return assemble(line, given, fields);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const nameOf = (column: Meaning): string => ('name' in column ? column.name : column.of);
const isSame = (a: Meaning, b: Meaning): boolean => a.of === b.of && nameOf(a) === nameOf(b);

/** The shape of the producer's call, or the fields of a CSV file. */
function jsonRecipient(entry: Line, fields: Fields): Entry<CampaignRecipient> {
  const parsed = parseJsonLine(entry);
  if ('problem' in parsed) return parsed;
  const { line, value } = parsed;
  if (!isRecord(value)) return { line, problem: 'expected an object' };
  // Checked by the producer.
  if (value['to'] !== undefined) return { line, value: value as unknown as CampaignRecipient };
  const given = Object.entries(value).map(([name, inner]): [Meaning, unknown] => [
    fields.meaningOf(name),
    inner,
  ]);
  return assemble(line, given, fields);
}

function assemble(
  line: number,
  given: readonly [Meaning, unknown][],
  fields: Fields,
): Entry<CampaignRecipient> {
  const to: [string, unknown][] = [];
  const data: [string, unknown][] = [];
  let lastPlayedAt: Date | undefined;
  for (const [meaning, value] of given) {
    if (meaning.of === LAST_PLAYED_AT) {
      const instant = playedAt(value, LAST_PLAYED_AT);
      if ('problem' in instant) return { line, ...instant };
      lastPlayedAt = instant.value;
    } else if (meaning.of === 'data') {
      data.push([meaning.name, value]);
    } else {
      to.push([meaning.name, typeof value === 'string' ? fields.valueOf(meaning.name, value) : value]);
    }
  }
  if (to.length === 0) return { line, problem: `expected ${fields.wanted}` };
  return {
    line,
    value: {
      to: Object.fromEntries(to),
      ...(data.length > 0 && { data: Object.fromEntries(data) }),
      ...(lastPlayedAt && { lastPlayedAt }),
    },
  };
}
