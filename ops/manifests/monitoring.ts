import type {
  IPrometheusRule,
  IServiceMonitor,
} from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import { alertingRules, recordingRules } from '../rules/rule-files.ts';
import { JOB_LABEL, PORT, SELECTOR, WORKER } from './names.ts';

/** For the Prometheus Operator: `kubectl apply -f ops/kubernetes/monitoring.yaml`. */

export const serviceMonitor: IServiceMonitor = {
  apiVersion: 'monitoring.coreos.com/v1',
  kind: 'ServiceMonitor',
  metadata: { name: WORKER, labels: SELECTOR },
  spec: {
    jobLabel: JOB_LABEL,
    selector: { matchLabels: SELECTOR },
    endpoints: [{ port: PORT.name, path: '/metrics', interval: '15s', scrapeTimeout: '10s' }],
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
