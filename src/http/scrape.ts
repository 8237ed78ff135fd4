import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';

/** What a scrape of `/metrics` is answered with, as its headers ask for. */
export interface Scrape {
  contentType: string;
  body: string | Uint8Array<ArrayBuffer>;
  /** `gzip`; absent for plain text. */
  encoding?: string;
}

export interface MetricsSource {
  render(): Promise<{ contentType: string; text: string }>;
  /** The same in OpenMetrics. */
  renderOpen(): Promise<{ contentType: string; text: string }>;
}

export interface ScrapeHeaders {
  accept?: string | undefined;
  acceptEncoding?: string | undefined;
}

const compress = promisify(gzip);

/** The Prometheus text, unless OpenMetrics is asked for as gladly; compressed where that is accepted, off the event loop. */
export async function scrape(
  metrics: MetricsSource,
  { accept = '', acceptEncoding = '' }: ScrapeHeaders,
): Promise<Scrape> {
  const open = qualityOf(accept, 'application/openmetrics-text');
  const wanted = open > 0 && open >= qualityOf(accept, 'text/plain');
  const { contentType, text } = await (wanted ? metrics.renderOpen() : metrics.render());
  if (qualityOf(acceptEncoding, 'gzip') === 0) return { contentType, body: text };
  // The figures of many series are so alike that more effort saves little.
  const body = await compress(text, { level: constants.Z_BEST_SPEED });
  return { contentType, body: new Uint8Array(body), encoding: 'gzip' };
}

/** The greatest quality that an Accept header gives a value by its name, from 0 to 1; 0 if it does not name it. */
function qualityOf(header: string, value: string): number {
  const named = header.split(',').map((part) => part.split(';').map((each) => each.trim()));
  const qualities = named
    .filter(([name]) => name?.toLowerCase() === value)
    .map(([, ...parameters]) => {
      const quality = parameters.find((parameter) => /^q=/i.test(parameter));
      return quality === undefined ? 1 : Number(quality.slice(2)) || 0;
    });
  return Math.max(0, ...qualities);
}
