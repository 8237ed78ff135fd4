import type {
  IPrometheusRule,
  IServiceMonitor,
} from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import { JOB } from '../rules/alerts/workers.ts';
import { alertingRules, recordingRules } from '../rules/rule-files.ts';
import { EXPORTER, EXPORTER_SELECTOR, JOB_LABEL, PORT, SELECTOR, WORKER } from './names.ts';

/** For the Prometheus Operator: `kubectl apply -f ops/kubernetes/monitoring.yaml`. */

const ENDPOINT = { port: PORT.name, path: '/metrics', interval: '15s', scrapeTimeout: '10s' };

export const serviceMonitor: IServiceMonitor = {
  apiVersion: 'monitoring.coreos.com/v1',
  kind: 'ServiceMonitor',
  metadata: { name: WORKER, labels: SELECTOR },
  spec: {
    jobLabel: JOB_LABEL,
    selector: { matchLabels: SELECTOR },
    endpoints: [ENDPOINT],
  },
};

/**
 * What the exporter tells of channels becomes the workers' job, so that rules and dashboards find it; its own `up` does not, for it is no
 * worker, and nothing that it tells of its process.
 */
export const exporterMonitor: IServiceMonitor = {
  apiVersion: 'monitoring.coreos.com/v1',
  kind: 'ServiceMonitor',
  metadata: { name: EXPORTER, labels: EXPORTER_SELECTOR },
  spec: {
    selector: { matchLabels: EXPORTER_SELECTOR },
    endpoints: [
      {
        ...ENDPOINT,
        metricRelabelings: [
          { sourceLabels: ['channel'], regex: '.+', action: 'keep' },
          { targetLabel: 'job', replacement: JOB },
        ],
      },
    ],
  },
};

/** The rules of ops/prometheus/rules. @param runbooks where their pages lie */
export const prometheusRule = (runbooks: string): IPrometheusRule => ({
  apiVersion: 'monitoring.coreos.com/v1',
  kind: 'PrometheusRule',
  metadata: { name: 'herald', labels: SELECTOR },
  spec: {
    groups: [...recordingRules(), ...alertingRules({ runbooks })].map((group) => ({
      ...group,
      rules: [...group.rules],
    })),
  },
});
