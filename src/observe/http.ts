import { fastify } from 'fastify';
import { isReady, type LivenessReport, type ReadinessReport } from './health.ts';

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

export interface HttpServer {
  /** `http://host:port`, with the port really taken. */
  url: string;
  close(): Promise<void>;
}

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
  // Scrapers keep their connections open: without force a close would wait for them.
  const app = fastify({ logger: false, forceCloseConnections: true });

  app.get('/metrics', async (_request, reply) => {
    reply.header('content-type', options.metrics.contentType);
    return options.metrics.render();
  });

  app.get('/livez', async (_request, reply) => {
    const { live, detail } = options.live();
    reply.code(live ? 200 : 503);
    return { status: live ? 'live' : 'stuck', ...(detail === undefined ? {} : { detail }) };
  });

  app.get('/readyz', async (_request, reply) => {
    const report = await boundedReadiness(options);
    const ready = isReady(report);
    reply.code(ready ? 200 : 503);
    return { status: ready ? 'ready' : 'unready', checks: report.checks, stopped_channels: report.stopped };
  });

  await app.listen({ host: options.host, port: options.port });
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return { url: `http://${host}:${port}`, close: () => app.close() };
}
