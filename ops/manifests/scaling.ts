import type { IScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1';
import { GAUGES } from '../../src/observe/metric-definitions.ts';
import { SELECTOR, WORKER } from './names.ts';

/** For KEDA: `kubectl apply -f ops/kubernetes/scaling.yaml`. */

/**
 * By what a worker could send now: messages that wait for tomorrow's slot, or for a rate, would start workers for nothing. Every worker
 * exports the same figure of a channel.
 */
const READY = `sum(max by (channel) (${GAUGES.ready.name}{job="herald"}))`;
/** A worker sends some thousand a minute where the platform answers within a second. */
const READY_PER_WORKER = '1000';

export const scaledObject: IScaledObject = {
  apiVersion: 'keda.sh/v1alpha1',
  kind: 'ScaledObject',
  metadata: { name: WORKER, labels: SELECTOR },
  spec: {
    scaleTargetRef: { name: WORKER },
    minReplicaCount: 2,
    maxReplicaCount: 10,
    pollingInterval: 30,
    cooldownPeriod: 300,
    advanced: {
      horizontalPodAutoscalerConfig: { behavior: { scaleDown: { stabilizationWindowSeconds: 300 } } },
    },
    triggers: [
      {
        type: 'prometheus',
        metadata: {
          serverAddress: 'http://prometheus-operated.monitoring.svc:9090',
          query: READY,
          // No figure, because Prometheus or Redis is away, is an error and not a zero: the number of workers stays as it is.
          ignoreNullValues: 'false',
          threshold: READY_PER_WORKER,
        },
      },
    ],
  },
};
