import type { Environment } from './config/interpolate.ts';

/** The only place that reads the process's environment; everything else is handed it. */
export const environment = (): Environment => process.env;
