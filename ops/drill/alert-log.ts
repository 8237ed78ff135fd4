import type { Prometheus } from '../../testing/own-prometheus.ts';

/** An alert as it fired. Seconds since the log began. */
export interface Firing {
  alert: string;
  severity: string;
  /** The labels that tell it from others of its name. */
  where: string;
  firedAt: number;
  /** Undefined while it fires. */
  endedAt?: number | undefined;
}

export interface AlertLog {
  /** Seconds since it began. */
  now(): number;
  firings(): readonly Firing[];
  firing(alert: string): Firing | undefined;
  stop(): void;
}

const EVERY_MS = 500;

/** Notes when which alert fires and ends, as Prometheus tells. */
export function watchAlerts(prometheus: Prometheus): AlertLog {
  const startedAt = performance.now();
  const now = (): number => (performance.now() - startedAt) / 1_000;
  const firings: Firing[] = [];

  async function look(): Promise<void> {
    const seen = (await prometheus.alerts()).filter(({ state }) => state === 'firing');
    const names = new Set(seen.map(({ labels }) => nameOf(labels)));
    for (const each of firings)
      if (each.endedAt === undefined && !names.has(keyOf(each))) each.endedAt = now();
    for (const { labels } of seen) {
      const open = firings.some((each) => each.endedAt === undefined && keyOf(each) === nameOf(labels));
      if (open) continue;
      const { alertname = '', severity = '' } = labels;
      firings.push({ alert: alertname, severity, where: whereOf(labels), firedAt: now() });
    }
  }
  const timer = setInterval(() => void look().catch(() => {}), EVERY_MS);
  return {
    now,
    firings: () => firings,
    firing: (alert) => firings.find((each) => each.alert === alert && each.endedAt === undefined),
    stop: () => clearInterval(timer),
  };
}

const keyOf = ({ alert, where }: Firing): string => `${alert} ${where}`;
const nameOf = (labels: Readonly<Record<string, string>>): string =>
  `${labels['alertname']} ${whereOf(labels)}`;

function whereOf(labels: Readonly<Record<string, string>>): string {
  const { alertname: _, severity: __, job: ___, ...where } = labels;
  return Object.entries(where)
    .map(([label, value]) => `${label}=${value}`)
    .join(' ');
}
