import { Hono } from 'hono';
import { isReady, type LivenessReport, type ReadinessReport } from './health.ts';
import { type App, type Listening, listen } from './listen.ts';

export interface HttpOptions {
  host: string;
  /** 0 takes a free one. */
  port: number;
  metrics: { readonly contentType: string; render(): Promise<string> };
  live(): LivenessReport;
  ready(): Promise<ReadinessReport>;
  /** How long `/readyz` waits for `ready` before it answers 503 on its own; one second when absent. */
  readyTimeoutMs?: number | undefined;
}

export type HttpServer = Pick<Listening, 'url' | 'close'>;

const READY_TIMEOUT_MS = 1000;

const unready = (name: string, detail: string): ReadinessReport => ({
  checks: [{ name, ok: false, detail }],
  stopped: [],
});

/** A probe must be answered, also while the check hangs on a Redis that is away, and also when the check is broken. */
async function boundedReadiness(options: HttpOptions): Promise<ReadinessReport> {
  const timeoutMs = options.readyTimeoutMs ?? READY_TIMEOUT_MS;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<ReadinessReport>((resolve) => {
    timer = setTimeout(() => resolve(unready('answer', `no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  const asked = options
    .ready()
    .catch((error: unknown) => unready('answer', error instanceof Error ? error.message : String(error)));
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Serves `/metrics` for Prometheus, `/livez` and `/readyz` for an orchestrator (200 or 503, JSON bodies). Rejects when
 * the address cannot be taken.
 */
export async function startHttpServer(options: HttpOptions): Promise<HttpServer> {
  const app: App = new Hono();

  app.get('/metrics', async (c) =>
    c.body(await options.metrics.render(), 200, { 'content-type': options.metrics.contentType }),
  );

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

  return await listen(app, options);
}
