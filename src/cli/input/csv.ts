import { parse } from 'csv-parse/sync';

/**
 * One line is one record: a stray quote can then spoil no other line, and names and instants hold no line ends. Most
 * lines quote nothing, and the parser costs 16 µs a line (measured) where a split costs less than one.
 */
export function splitCsv(line: string): string[] | undefined {
  if (!line.includes('"')) return line.split(',').map((field) => field.trim());
  try {
    const [fields] = parse(line, { trim: true, relax_column_count: true });
    return fields;
  } catch {
    return undefined;
  }
}
