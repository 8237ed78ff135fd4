import type { IDeployment } from 'kubernetes-models/apps/v1';
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1';
import type { IConfigMap, IContainer, IPodSpec, IService, IServiceAccount } from 'kubernetes-models/v1';
import { CONFIG, PORT, SELECTOR, WORKER } from './names.ts';
import { fromSecret, IMAGE, NOT_ROOT, PORTS, probe, STARTUP, UNPRIVILEGED } from './pod.ts';

/** The workers: `kubectl apply -f ops/kubernetes/worker.yaml`. */

/** What docker/herald.yaml is, with its credentials out of a Secret. */
const HERALD_YAML = `redis: \${REDIS_URL}
http: { host: 0.0.0.0, port: ${PORT.number} }
drainTimeout: 20s
channels:
  kongregate:
    platform: kongregate
    apiKey: \${KONGREGATE_API_KEY}
`;
/** Longer than \`drainTimeout\`, by what closing the connections takes. */
const GRACE_SECONDS = 40;

const metadata = { name: WORKER, labels: SELECTOR };

export const config: IConfigMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: CONFIG, labels: SELECTOR },
  data: { 'herald.yaml': HERALD_YAML },
};

/** Workers ask nothing of the cluster. */
export const account: IServiceAccount = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata,
  automountServiceAccountToken: false,
};

const container: IContainer = {
  name: 'worker',
  image: IMAGE,
  args: ['worker'],
  env: [fromSecret('REDIS_URL', 'redis-url'), fromSecret('KONGREGATE_API_KEY', 'kongregate-api-key')],
  ports: PORTS,
  volumeMounts: [{ name: 'config', mountPath: '/etc/herald', readOnly: true }],
  startupProbe: STARTUP,
  // A Redis that is away and refused credentials leave it alive: a restart would mend neither.
  livenessProbe: probe('/livez', { periodSeconds: 10, failureThreshold: 3 }),
  readinessProbe: probe('/readyz', { periodSeconds: 5, failureThreshold: 2 }),
  resources: {
    requests: { cpu: '250m', memory: '128Mi' },
    // None for the CPU: a worker that is throttled is late for its leases and sends nothing.
    limits: { memory: '512Mi' },
  },
  securityContext: UNPRIVILEGED,
};

const podSpec: IPodSpec = {
  serviceAccountName: WORKER,
  enableServiceLinks: false,
  // Without a preStop hook: SIGTERM begins the drain, and nothing sends requests to a worker that would have to stop before.
  terminationGracePeriodSeconds: GRACE_SECONDS,
  securityContext: NOT_ROOT,
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchLabels: SELECTOR },
    },
  ],
  containers: [container],
  volumes: [{ name: 'config', configMap: { name: CONFIG } }],
};

export const deployment: IDeployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata,
  spec: {
    replicas: 2,
    revisionHistoryLimit: 3,
    selector: { matchLabels: SELECTOR },
    // A new one is ready before an old one drains.
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    template: { metadata: { labels: SELECTOR }, spec: podSpec },
  },
};

/** For scraping. Also those that are not ready: their metrics say why. */
export const service: IService = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata,
  spec: {
    clusterIP: 'None',
    publishNotReadyAddresses: true,
    selector: SELECTOR,
    ports: [{ name: PORT.name, port: PORT.number, targetPort: PORT.name }],
  },
};

export const budget: IPodDisruptionBudget = {
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata,
  spec: {
    maxUnavailable: 1,
    selector: { matchLabels: SELECTOR },
    // While Redis is away no worker is ready, and none would let its node be drained.
    unhealthyPodEvictionPolicy: 'AlwaysAllow',
  },
};
