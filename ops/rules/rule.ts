import type { Timing } from './timing.ts';

export interface RecordingRule {
  readonly record: `${string}:herald_${string}:${string}`;
  readonly expr: string;
}

export interface Alert {
  readonly alert: `Herald${string}`;
  /** `page`: somebody has to act now. `ticket`: on the next working day. */
  readonly severity: 'page' | 'ticket';
  /** How long the condition has to hold, in seconds; at once when absent. */
  readonly for?: number;
  readonly expr: string;
  /** One line, with the labels that tell where. */
  readonly summary: string;
  /** What it means for those who wait for messages, and what to look at. */
  readonly description: string;
  /** The page in docs/runbooks, where several alerts share one; the alert's name when absent. */
  readonly runbook?: string;
}

export interface Group<R> {
  readonly name: string;
  /** Seconds between evaluations; those of the timing when absent. */
  readonly interval?: number;
  readonly rules: readonly R[];
}

export type Alerts = (timing: Timing) => readonly Alert[];

export const runbookOf = ({ alert, runbook }: Pick<Alert, 'alert' | 'runbook'>): string => runbook ?? alert;
