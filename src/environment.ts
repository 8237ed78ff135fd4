import type { Environment } from './config/interpolate.ts';

/** The only place that reads the environment of the process; all other code gets it as a parameter. */
export const environment = (): Environment => process.env;
