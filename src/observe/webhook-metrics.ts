import type { Counter, Gauge } from 'prom-client';

/** What one request to a webhook's endpoint resulted in. */
export const WEBHOOK_OUTCOMES = ['accepted', 'refused', 'gone', 'failed'] as const;
export type WebhookOutcome = (typeof WEBHOOK_OUTCOMES)[number];

/** The webhook endpoints as this process sees them; each is named by the configuration. */
export interface WebhookMetrics {
  /** Starts the counters of an endpoint at 0. */
  watch(endpoint: string): void;
  /** A request was answered, or ended without an answer. */
  attempted(endpoint: string, outcome: WebhookOutcome): void;
  /** A receipt was given up: the endpoint refused it too often. */
  givenUp(endpoint: string): void;
  /** Receipts were trimmed from their stream before they were posted. @param count at least this many */
  gap(endpoint: string, count: number): void;
  /** Age of the oldest pending receipt, seconds; undefined if another process posts. */
  lag(endpoint: string, seconds: number | undefined): void;
  /** Whether the endpoint answered 410; undefined if another process posts. */
  gone(endpoint: string, gone: boolean | undefined): void;
}

export function webhookMetrics(m: {
  webhookDeliveries: Counter<'endpoint' | 'outcome'>;
  webhookReceiptsLost: Counter<'endpoint' | 'reason'>;
  webhookReceiptsMissing: Counter<'endpoint'>;
  webhookLag: Gauge<'endpoint'>;
  webhookGone: Gauge<'endpoint'>;
}): WebhookMetrics {
  return {
    watch(endpoint) {
      for (const outcome of WEBHOOK_OUTCOMES) m.webhookDeliveries.inc({ endpoint, outcome }, 0);
      for (const reason of WEBHOOK_LOSSES) m.webhookReceiptsLost.inc({ endpoint, reason }, 0);
      m.webhookReceiptsMissing.inc({ endpoint }, 0);
    },
    attempted: (endpoint, outcome) => m.webhookDeliveries.inc({ endpoint, outcome }),
    givenUp: (endpoint) => m.webhookReceiptsLost.inc({ endpoint, reason: 'given_up' }),
    gap(endpoint, count) {
      m.webhookReceiptsLost.inc({ endpoint, reason: 'cut_off' });
      m.webhookReceiptsMissing.inc({ endpoint }, count);
    },
    lag(endpoint, seconds) {
      if (seconds === undefined) m.webhookLag.remove({ endpoint });
      else m.webhookLag.set({ endpoint }, seconds);
    },
    gone(endpoint, gone) {
      if (gone === undefined) m.webhookGone.remove({ endpoint });
      else m.webhookGone.set({ endpoint }, gone ? 1 : 0);
    },
  };
}

/** Why receipts did not reach an endpoint. */
export const WEBHOOK_LOSSES = ['given_up', 'cut_off'] as const;
