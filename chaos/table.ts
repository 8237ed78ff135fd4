/** Tables of names and figures, for a terminal. */

export type Row = readonly [name: string, value: string | number];

/** How often each name is among these. */
export function counted(names: readonly string[]): Row[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

const WIDTH = 52;

export const section = (title: string, rows: readonly Row[]): string =>
  [title, ...rows.map(([name, value]) => `  ${name.padEnd(WIDTH)} ${String(value).padStart(9)}`)].join('\n');
