import { Hono } from 'hono';
import { withTimeout } from '../timeout.ts';
import { isReady, type LivenessReport, type ReadinessReport } from './health.ts';
import { type App, type Listening, listen, type RequestHandler, requestHandler } from './listen.ts';
import { type MetricsSource, scrape } from './scrape.ts';

export interface ProbeOptions {
  metrics: MetricsSource;
  live(): LivenessReport;
  ready(): Promise<ReadinessReport>;
  /** How long `/readyz` waits for `ready` before it answers 503 on its own; one second when absent. */
  readyTimeoutMs?: number | undefined;
}

export type HttpServer = Pick<Listening, 'url' | 'close'>;

export interface Probes {
  /** A request handler for the application's own HTTP server. */
  readonly handler: RequestHandler;
  /**
   * Serves them on an address of their own; rejects if it cannot be taken.
   * @param address port 0 selects a free one
   */
  listen(address: { host: string; port: number }): Promise<HttpServer>;
}

const READY_TIMEOUT_MS = 1000;

const unready = (name: string, detail: string): ReadinessReport => ({
  checks: [{ name, ok: false, detail }],
  stopped: [],
});

/** A probe must be answered even while the check hangs on a Redis that is away, and even if the check throws. */
async function boundedReadiness(options: ProbeOptions): Promise<ReadinessReport> {
  const timeoutMs = options.readyTimeoutMs ?? READY_TIMEOUT_MS;
  const asked = options
    .ready()
    .catch((error: unknown) => unready('answer', error instanceof Error ? error.message : String(error)));
  return await withTimeout(asked, timeoutMs, () => unready('answer', `no answer within ${timeoutMs} ms`));
}

/** `/metrics` for Prometheus, `/livez` and `/readyz` for an orchestrator (200 or 503, JSON bodies); 404 for everything else. */
export function createProbes(options: ProbeOptions): Probes {
  const app: App = new Hono();

  app.get('/metrics', async (c) => {
    const { contentType, body, encoding } = await scrape(options.metrics, {
      accept: c.req.header('accept'),
      acceptEncoding: c.req.header('accept-encoding'),
    });
    const headers = { 'content-type': contentType, vary: 'accept, accept-encoding' };
    return c.body(body, 200, encoding === undefined ? headers : { ...headers, 'content-encoding': encoding });
  });

  app.get('/livez', (c) => {
    const { live, detail } = options.live();
    const body = { status: live ? 'live' : 'stuck', ...(detail === undefined ? {} : { detail }) };
    return c.json(body, live ? 200 : 503);
  });

  app.get('/readyz', async (c) => {
    const report = await boundedReadiness(options);
    const ready = isReady(report);
    const body = {
      status: ready ? 'ready' : 'unready',
      checks: report.checks,
      stopped_channels: report.stopped,
    };
    return c.json(body, ready ? 200 : 503);
  });

  return { handler: requestHandler(app), listen: (address) => listen(app, address) };
}
