import type { IDeployment } from 'kubernetes-models/apps/v1';
import type { IService } from 'kubernetes-models/v1';
import { EXPORTER, EXPORTER_SELECTOR, PORT } from './names.ts';
import { fromSecret, IMAGE, NOT_ROOT, PORTS, probe, STARTUP, UNPRIVILEGED } from './pod.ts';

/** What tells of the channels also while no worker runs: `kubectl apply -f ops/kubernetes/exporter.yaml`. */

export const exporterDeployment: IDeployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: EXPORTER, labels: EXPORTER_SELECTOR },
  spec: {
    replicas: 1,
    revisionHistoryLimit: 3,
    selector: { matchLabels: EXPORTER_SELECTOR },
    template: {
      metadata: { labels: EXPORTER_SELECTOR },
      spec: {
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: NOT_ROOT,
        containers: [
          {
            name: 'exporter',
            image: IMAGE,
            args: ['exporter', '--host', '0.0.0.0', '--port', `${PORT.number}`],
            // No key of a platform: it sends nothing.
            env: [fromSecret('REDIS_URL', 'redis-url')],
            ports: PORTS,
            startupProbe: STARTUP,
            livenessProbe: probe('/livez', { periodSeconds: 10, failureThreshold: 3 }),
            readinessProbe: probe('/readyz', { periodSeconds: 5, failureThreshold: 2 }),
            resources: { requests: { cpu: '50m', memory: '96Mi' }, limits: { memory: '256Mi' } },
            securityContext: UNPRIVILEGED,
          },
        ],
      },
    },
  },
};

/** Its name is the job by which Prometheus knows the exporter itself. */
export const exporterService: IService = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: EXPORTER, labels: EXPORTER_SELECTOR },
  spec: {
    clusterIP: 'None',
    publishNotReadyAddresses: true,
    selector: EXPORTER_SELECTOR,
    ports: [{ name: PORT.name, port: PORT.number, targetPort: PORT.name }],
  },
};
