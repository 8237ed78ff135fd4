/** What the manifests call things, and how their objects find each other. */

export const WORKER = 'herald-worker';
export const EXPORTER = 'herald-exporter';
export const CONFIG = 'herald-config';
/** Made by an operator: see docs/deployment.md. */
export const CREDENTIALS = 'herald-credentials';
export const PORT = { name: 'http', number: 9464 } as const;

export const SELECTOR = { 'app.kubernetes.io/name': 'herald', 'app.kubernetes.io/component': 'worker' };
export const EXPORTER_SELECTOR = {
  'app.kubernetes.io/name': 'herald',
  'app.kubernetes.io/component': 'exporter',
};
/** The label whose value is the job of the scraped series: rules and dashboards expect `herald`. */
export const JOB_LABEL = 'app.kubernetes.io/name';
