import { CHANNEL_GAUGES } from './definitions/channels.ts';
import { DELIVERY_COUNTERS, DELIVERY_HISTOGRAMS } from './definitions/deliveries.ts';
import { PROCESS_COUNTERS, PROCESS_GAUGES, PROCESS_HISTOGRAMS } from './definitions/processes.ts';

/** Every metric of Herald, as data: dashboards and alerts rely on the names and labels. */

export const COUNTERS = { ...DELIVERY_COUNTERS, ...PROCESS_COUNTERS } as const;
export const HISTOGRAMS = { ...DELIVERY_HISTOGRAMS, ...PROCESS_HISTOGRAMS } as const;
export const GAUGES = { ...CHANNEL_GAUGES, ...PROCESS_GAUGES } as const;
