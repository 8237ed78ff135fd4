/** Reads the text that Prometheus scrapes. */

export interface Reading {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const LINE = /^([a-z_0-9]+)(?:\{(.*)\})? (\S+)$/i;
const LABEL = /([a-z_]+)="((?:[^"\\]|\\.)*)"/g;

export function readMetrics(text: string): Reading[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = LINE.exec(line) ?? [];
    if (name === undefined || name.startsWith('#')) return [];
    const pairs = [...labels.matchAll(LABEL)].map(([, key, text]) => [key, text]);
    return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }];
  });
}

/** The sum over all series of a metric that carry these labels; undefined where there is none. */
export function metric(text: string, name: string, labels: Record<string, string> = {}): number | undefined {
  const fits = readMetrics(text).filter(
    (reading) =>
      reading.name === name && Object.entries(labels).every(([key, value]) => reading.labels[key] === value),
  );
  return fits.length === 0 ? undefined : fits.reduce((sum, { value }) => sum + value, 0);
}

/** How many final states of each kind: `delivered/sent` → 3. Kinds that did not occur are left out. */
export type Tally = Record<string, number>;

export function tallyOf(finals: Iterable<{ state: string; reason: string }>): Tally {
  const tally: Tally = {};
  for (const { state, reason } of finals) {
    const kind = `${state}/${reason}`;
    tally[kind] = (tally[kind] ?? 0) + 1;
  }
  return tally;
}

/** The same from `herald_messages_total` of several processes, added up. */
export function tallyOfMetrics(texts: readonly string[]): Tally {
  const tally: Tally = {};
  for (const { name, labels, value } of texts.flatMap(readMetrics)) {
    if (name !== 'herald_messages_total' || value === 0) continue;
    const kind = `${labels['state']}/${labels['reason']}`;
    tally[kind] = (tally[kind] ?? 0) + value;
  }
  return tally;
}

export const total = (tally: Tally): number => Object.values(tally).reduce((sum, count) => sum + count, 0);
