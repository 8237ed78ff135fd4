import { createRequire } from 'node:module';
import { hostname } from 'node:os';
import type * as Api from '@opentelemetry/api';
import type * as Otlp from '@opentelemetry/exporter-trace-otlp-http';
import type * as Resources from '@opentelemetry/resources';
import type * as Sdk from '@opentelemetry/sdk-trace-base';
import { ConfigError } from '../config/error.ts';
import type { TracingConfig } from '../config/schema.ts';
import type { Logger } from '../observe/log.ts';
import { withTimeout } from '../timeout.ts';
import { createTracing, type Tracing } from './tracing.ts';

/** Tracing with its own export, as configured by `tracing`. */
export interface Exporting {
  tracing: Tracing;
  /** Exports the remaining spans, for at most two seconds. */
  close(): Promise<void>;
}

const CLOSE_WITHIN_MS = 2000;
const PATH = '/v1/traces';
/** The versions that run on Node 20 as well. */
const PACKAGES = ['api@1.9', 'sdk-trace-base@2', 'resources@2', 'exporter-trace-otlp-http@0.223']
  .map((name) => `@opentelemetry/${name}`)
  .join(' ');

/** Loaded only if traces are exported: an installation without tracing need not have them. */
function loadPackages() {
  const require = createRequire(import.meta.url);
  try {
    return {
      api: require('@opentelemetry/api') as typeof Api,
      sdk: require('@opentelemetry/sdk-trace-base') as typeof Sdk,
      resources: require('@opentelemetry/resources') as typeof Resources,
      otlp: require('@opentelemetry/exporter-trace-otlp-http') as typeof Otlp,
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    throw new ConfigError([{ path: 'tracing', message: `needs packages: npm install ${PACKAGES}` }]);
  }
}

/**
 * Spans go to an SDK instance of Herald's own, not to one that is registered for the process. OTEL_SERVICE_NAME,
 * OTEL_RESOURCE_ATTRIBUTES and OTEL_EXPORTER_OTLP_HEADERS apply as usual.
 * @throws ConfigError when the packages are not installed
 */
export function exportTraces(
  { otlp: url, sample }: TracingConfig,
  version: string,
  logger: Logger,
): Exporting {
  const { api, sdk, resources, otlp } = loadPackages();
  const exporter = new otlp.OTLPTraceExporter({ url: endpoint(url) });
  const own = { 'service.name': 'herald', 'service.version': version, 'host.name': hostname() };
  const provider = new sdk.BasicTracerProvider({
    resource: resources
      .resourceFromAttributes(own)
      .merge(resources.detectResources({ detectors: [resources.envDetector] })),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(sample) }),
    spanProcessors: [
      new sdk.BatchSpanProcessor({
        export(spans, done) {
          exporter.export(spans, (result) => {
            if (result.error)
              logger.warn(
                { error: result.error.message, spans: spans.length },
                'spans could not be exported',
              );
            done(result);
          });
        },
        shutdown: () => exporter.shutdown(),
      }),
    ],
  });
  return {
    tracing: createTracing(api, provider.getTracer('herald', version)),
    // A failure was logged with the spans that it was about.
    close: () =>
      withTimeout(
        provider.shutdown().catch(() => {}),
        CLOSE_WITHIN_MS,
        () => {},
      ),
  };
}

/** Adds the default path to a URL without one, as OTEL_EXPORTER_OTLP_ENDPOINT does. */
function endpoint(text: string): string {
  const url = new URL(text);
  if (url.pathname === '/') url.pathname = PATH;
  return url.href;
}
