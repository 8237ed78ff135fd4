import { apiAlerts } from './alerts/api.ts';
import { channelAlerts } from './alerts/channel.ts';
import { deadLetterAlerts } from './alerts/dead-letters.ts';
import { objectiveAlerts } from './alerts/objective.ts';
import { platformAlerts } from './alerts/platform.ts';
import { redisAlerts } from './alerts/redis.ts';
import { webhookAlerts } from './alerts/webhooks.ts';
import { workerAlerts } from './alerts/workers.ts';
import type { Alert, Alerts, Group } from './rule.ts';
import type { Timing } from './timing.ts';

const GROUPS: Readonly<Record<string, Alerts>> = {
  objective: objectiveAlerts,
  channels: channelAlerts,
  platforms: platformAlerts,
  'dead-letters': deadLetterAlerts,
  workers: workerAlerts,
  redis: redisAlerts,
  api: apiAlerts,
  webhooks: webhookAlerts,
};

export const alertGroups = (timing: Timing): Group<Alert>[] =>
  Object.entries(GROUPS).map(([name, alerts]) => ({ name: `herald-${name}`, rules: alerts(timing) }));
