/**
 * Converts the Prometheus text of `/metrics` to OpenMetrics 1.0. prom-client can write both, but switching a registry to OpenMetrics
 * renames its counters for good, and the registry may be the application's.
 */

/** The exemplar that follows the value of a bucket; empty if there is none. */
export type ExemplarText = (histogram: string, labels: Record<string, string>) => string;

export const OPEN_METRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

const METADATA = /^# (HELP|TYPE) (\S+) ?(.*)$/;
const BUCKET = /^(\S+?)_bucket\{(.*)\} \S+$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

export function toOpenMetrics(text: string, exemplarOf: ExemplarText): string {
  const lines = text.split('\n').filter((line) => line !== '');
  const types = new Map<string, string>();
  for (const line of lines) {
    const [, keyword, name = '', value = ''] = METADATA.exec(line) ?? [];
    if (keyword === 'TYPE') types.set(name, value);
  }
  const converted = lines.map((line) =>
    line.startsWith('#') ? metadata(line, types) : withExemplar(line, exemplarOf),
  );
  return `${converted.join('\n')}\n# EOF\n`;
}

const COUNTED = /_total$/;

/** In OpenMetrics, a counter's family is named without `_total`; one whose samples lack that suffix has no valid type. */
function metadata(line: string, types: ReadonlyMap<string, string>): string {
  const [, keyword, name = '', value = ''] = METADATA.exec(line) ?? [];
  if (keyword === undefined) return line;
  const counter = types.get(name) === 'counter';
  const family = counter ? name.replace(COUNTED, '') : name;
  const misnamed = counter && family === name;
  if (keyword === 'TYPE') return `# TYPE ${family} ${misnamed ? 'unknown' : value}`;
  return `# HELP ${family} ${value.replaceAll('"', '\\"')}`;
}

function withExemplar(line: string, exemplarOf: ExemplarText): string {
  const [, histogram, text] = BUCKET.exec(line) ?? [];
  if (histogram === undefined || text === undefined) return line.replace(/ Nan$/, ' NaN');
  const labels = Object.fromEntries([...text.matchAll(LABEL)].map(([, name, value]) => [name, value]));
  return line + exemplarOf(histogram, labels);
}
