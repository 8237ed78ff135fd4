import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';

/** The answer to a scrape of `/metrics`, in the format that its headers ask for. */
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

/** The Prometheus text, unless OpenMetrics is preferred as much; compressed off the event loop if the client accepts that. */
export async function scrape(
  metrics: MetricsSource,
  { accept = '', acceptEncoding = '' }: ScrapeHeaders,
): Promise<Scrape> {
  const open = qualityOf(accept, 'application/openmetrics-text');
  const wanted = open > 0 && open >= qualityOf(accept, 'text/plain');
  const { contentType, text } = await (wanted ? metrics.renderOpen() : metrics.render());
  if (qualityOf(acceptEncoding, 'gzip') === 0) return { contentType, body: text };
  // The series are so alike that more effort saves little.
  const body = await compress(text, { level: constants.Z_BEST_SPEED });
  return { contentType, body: new Uint8Array(body), encoding: 'gzip' };
}

/** The highest quality that an Accept header gives to a value, from 0 to 1; 0 if it does not name the value. */
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
