import { COUNTERS, GAUGES } from '../../../src/observe/metric-definitions.ts';
import type { WaitCause } from '../../../src/outcome.ts';
import { panels } from '../../promql.ts';
import { lines, stacked, states } from '../panel.ts';
import { named, type Row, type View, WINDOW } from '../row.ts';

const EACH: View = { channels: 'several' };

const HOLDERS = ['the quota', 'us', 'the platform'] as const;

/** Who has to act for these messages to go: nobody but time, we, or the platform. */
const HELD_BY: Record<WaitCause, (typeof HOLDERS)[number]> = {
  quota: 'the quota',
  recipient_busy: 'the quota',
  window_end: 'the quota',
  proof: 'the quota',
  text_repeated: 'the quota',
  own_rate: 'us',
  stopped: 'us',
  paused_campaign: 'us',
  newer_version: 'us',
  late_grant: 'us',
  platform_rate: 'the platform',
  breaker: 'the platform',
  refusal_unclear: 'the platform',
  retry: 'the platform',
};

const causesHeldBy = (who: string): WaitCause[] =>
  (Object.keys(HELD_BY) as WaitCause[]).filter((cause) => HELD_BY[cause] === who);

const heldBy = (causes: readonly WaitCause[]): string =>
  `sum by (channel) (${panels.max(GAUGES.waiting, { where: { cause: causes }, by: ['cause'] })})`;

export const waitingRow = (view: View): Row => ({
  title: 'Waiting, retries, rests and stops',
  panels: [
    stacked({
      title: 'Held back by the quota, by us, by the platform',
      description:
        'Messages that wait now. The quota: for the next window, for another message to the same recipient, or for proof. Us: the configured rate, a stop, a paused campaign. The platform: 429, the open breaker, a retry.',
      unit: 'short',
      width: 12,
      targets: HOLDERS.map((who) => [heldBy(causesHeldBy(who)), `${named(EACH)} by ${who}`]),
    }),
    stacked({
      title: 'Waiting, by cause',
      description: 'What each message waits for at this moment.',
      unit: 'short',
      width: 12,
      targets: [[`${panels.max(GAUGES.waiting, { by: ['cause'] })} > 0`, named(view, 'cause')]],
    }),
    stacked({
      title: 'Put back to wait, by cause',
      description: 'A message counts each time. Only retry has spent an attempt.',
      unit: 'mps',
      width: 6,
      targets: [[`${panels.rate(COUNTERS.deferrals, WINDOW, { by: ['cause'] })} > 0`, named(view, 'cause')]],
    }),
    lines({
      title: 'Openings of the breaker',
      description: 'Within an hour, again after a failed probe included.',
      unit: 'short',
      width: 6,
      targets: [[panels.increase(COUNTERS.breakerOpens, '1h'), named(EACH)]],
      runbooks: ['HeraldBreakerOpen'],
    }),
    lines({
      title: 'Retries',
      description: 'A second, after an attempt that is known to have failed.',
      unit: 'ops',
      width: 6,
      targets: [[panels.rate(COUNTERS.deferrals, WINDOW, { where: { reason: 'retry' } }), named(EACH)]],
    }),
    stacked({
      title: 'Verdicts of admission',
      description:
        'What the ledger answered, each time it was asked. A message that waits is asked about again.',
      unit: 'ops',
      width: 6,
      targets: [
        [`${panels.rate(COUNTERS.admissions, WINDOW, { by: ['verdict'] })} > 0`, named(view, 'verdict')],
      ],
    }),
    states({
      title: 'Breaker',
      description: 'open: no request goes out; half_open: one goes ahead to try.',
      unit: 'none',
      width: 8,
      targets: [
        [
          panels.max(GAUGES.breaker, { where: { state: ['open', 'half_open'] }, by: ['state'] }),
          named(view, 'state'),
        ],
      ],
      thresholds: ['green', [1, 'red']],
      runbooks: ['HeraldBreakerOpen'],
    }),
    states({
      title: 'Resting',
      description: 'The channel sends nothing for a while and goes on by itself.',
      unit: 'none',
      width: 8,
      targets: [[panels.max(GAUGES.resting, { by: ['reason'] }), named(view, 'reason')]],
      thresholds: ['green', [1, 'orange']],
      runbooks: ['HeraldBreakerOpen', 'HeraldPlatformThrottles'],
    }),
    states({
      title: 'Stopped',
      description: 'The channel sends nothing until somebody acts.',
      unit: 'none',
      width: 8,
      targets: [[panels.max(GAUGES.stopped, { by: ['reason'] }), named(view, 'reason')]],
      thresholds: ['green', [1, 'red']],
      runbooks: ['HeraldCredentialsRefused', 'HeraldChannelStopped', 'HeraldChannelPaused'],
    }),
    lines({
      title: 'Stopped for',
      description: 'How long ago the stop of a channel began that lasts.',
      unit: 's',
      width: 8,
      targets: [[`time() - ${panels.max(GAUGES.stoppedSince)}`, named(EACH)]],
    }),
  ],
});
