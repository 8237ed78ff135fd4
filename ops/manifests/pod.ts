import type { IContainer, IPodSpec, IProbe } from 'kubernetes-models/v1';
import { CREDENTIALS, PORT } from './names.ts';

/** What the pods of Herald have in common. */

export const IMAGE = 'herald:0.1.0';
export const PORTS = [{ name: PORT.name, containerPort: PORT.number }];

export const fromSecret = (name: string, key: string) => ({
  name,
  valueFrom: { secretKeyRef: { name: CREDENTIALS, key } },
});

export const probe = (path: string, timing: Partial<IProbe>): IProbe => ({
  httpGet: { path, port: PORT.name },
  // `/readyz` answers within a second also where Redis hangs.
  timeoutSeconds: 3,
  ...timing,
});

/** Node has to load a thousand modules, on a node that may be busy starting others. */
export const STARTUP = probe('/livez', { periodSeconds: 2, failureThreshold: 30 });

export const UNPRIVILEGED = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
} satisfies IContainer['securityContext'];

export const NOT_ROOT = {
  runAsNonRoot: true,
  runAsUser: 1000,
  runAsGroup: 1000,
  seccompProfile: { type: 'RuntimeDefault' },
} satisfies IPodSpec['securityContext'];
