import type { Panel } from './panel.ts';

/** What of a dashboard is written once and shown twice. */
export interface View {
  /** Whether several channels may be shown at once, so that their names belong into the legends. */
  readonly channels: 'several' | 'one';
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** How series are called that are kept apart by these labels, and by channel where there are several. */
export const named = ({ channels }: View, ...labels: string[]): string =>
  (channels === 'several' ? ['channel', ...labels] : labels).map((label) => `{{${label}}}`).join(' ');

/** The window of a rate, as Grafana chooses it by the resolution and the scrape interval. */
export const WINDOW = '$__rate_interval';
/** All that the dashboard shows. */
export const SHOWN = '$__range';
