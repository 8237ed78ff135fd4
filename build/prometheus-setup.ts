import { ensurePrometheus } from '../testing/prometheus-tools.ts';

/** A bare Debian has no Prometheus either. */
export async function setup(): Promise<void> {
  await ensurePrometheus(console.log);
}
