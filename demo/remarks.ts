/** What the workers' logs tell of attempts, one short line at a time. */
export interface Remarks {
  /** @param fields of one `attempt` line of a worker's log */
  hear(fields: Readonly<Record<string, unknown>>): void;
  /** The latest attempt that did not simply succeed; empty before the first. */
  latest(): string;
}

export function createRemarks(): Remarks {
  let latest = '';
  return {
    latest: () => latest,
    hear({ id, outcome, reason, attempt, next, next_delay_ms: delayMs }) {
      if (reason === 'sent') return;
      const then = typeof delayMs === 'number' ? `${next} in ${(delayMs / 1000).toFixed(1)} s` : next;
      latest = `${id}, attempt ${attempt}: ${outcome}, ${reason}; then ${then}`;
    },
  };
}
