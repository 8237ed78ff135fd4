import { expect, it, onTestFinished } from 'vitest';
import { createAdmin } from '../../src/app.ts';
import { eventually } from '../../testing/eventually.ts';
import { FORSAKEN, type Incident, instanceOf, startIncident } from './incident.ts';
import {
  alerts,
  annotationExpressions,
  type Expression,
  filledIn,
  panelExpressions,
  questions,
  recordings,
} from './shipped.ts';

/** Quiet seconds in which nothing may fire, where an hour of the rules is a minute. */
const QUIET_S = 10;
/**
 * How many times faster the rules are. Where a machine stands still for seconds, alerts tell the truth, and some of them for an
 * hour: what fires in quiet seconds must fire at every pace to be wrong.
 */
const PACES = [60, 30, 15] as const;

/** Alerts that take a rollout, a week, a busy or a broken machine, a wrong list of recipients, or redis_exporter. promtool has them fire. */
const NOT_PLAYED = [
  'HeraldErrorBudgetBurnSlow',
  'HeraldDeliveriesLate',
  'HeraldChannelStopped',
  'HeraldConcurrencySaturated',
  'HeraldRateSaturated',
  'HeraldDeadLettersOld',
  'HeraldRecipientsUnknown',
  'HeraldWorkerRestarts',
  'HeraldEventLoopBlocked',
  'HeraldDrainHangs',
  'HeraldVersionsDiffer',
  'HeraldRedisErrors',
  'HeraldRedisSlow',
  'HeraldRedisMemoryHigh',
  'HeraldRedisPersistenceFailing',
  'HeraldRedisEvicting',
  'HeraldWebhookBehind',
  'HeraldWebhookGone',
  'HeraldWebhookLosses',
];

/** What has been seen to fire. */
const played = new Set<string>();

/** Waits until the alert fires where it should, which may be on a channel or a worker. */
async function fires({ fired, slowed }: Incident, alertname: string, where: Record<string, string> = {}) {
  const wanted = Object.entries({ alertname, ...where });
  await eventually(
    `${alertname} to fire ${JSON.stringify(where)}`,
    () => fired(5),
    (seen) => seen.some((labels) => wanted.every(([label, value]) => labels[label] === value)),
    { withinMs: slowed(60_000), everyMs: 500 },
  );
  played.add(alertname);
}

/** An incident that begins with quiet seconds. It is closed at the end of the test. */
async function startQuietly(): Promise<Incident> {
  const disturbances: unknown[] = [];
  let incident: Incident | undefined;
  onTestFinished(() => incident?.close());
  for (const pace of PACES) {
    incident = await startIncident(pace);
    const fired = await firedIn(incident, incident.slowed(QUIET_S));
    if (fired.length === 0) return incident;
    disturbances.push({ pace, fired });
    await incident.close();
    incident = undefined;
  }
  throw new Error(`alerts fired while nothing was wrong: ${JSON.stringify(disturbances)}`);
}

/** What fires while all are up for so many seconds. */
async function firedIn({ prometheus, fired }: Incident, seconds: number): Promise<unknown[]> {
  await eventually(
    `${seconds} quiet seconds`,
    () => prometheus.query(`count_over_time((up == 1)[${seconds + 2}s:1s])`),
    (counts) => counts.length === 4 && counts.every(({ value: [, count] }) => Number(count) >= seconds),
    { withinMs: seconds * 1_000 + 30_000, everyMs: 500 },
  );
  return await fired(seconds - 2);
}

/** The platforms fail, each in its own way, somebody else sends to the players, and these are sent a second message a day. */
function breakPlatforms({ env, send, defer }: Incident): void {
  defer();
  env.sandbox.faults.add(
    { kind: 'server_error', platform: 'discourse' },
    { kind: 'server_error', platform: 'discourse', of: 'lookup' },
    { kind: 'server_error', platform: 'usercom', probability: 0.5 },
    { kind: 'rate_limited', platform: 'zulip', probability: 0.5, retryAfter: '0.1' },
  );
  let userId = 1_000_000;
  const foreign = setInterval(() => {
    userId += 1;
    env.sandbox.kongregate.sendForeign(Date.now(), `${userId}`);
    void send({ platform: 'kongregate', to: { userId } });
  }, 300);
  onTestFinished(() => clearInterval(foreign));
}

/** A worker that starts again has another port here, and is another one to Prometheus. */
const isElsewhere = ({ name }: Expression): boolean => name.endsWith(': Starts');

/** An annotation is of a moment, which may be over by now. */
const sinceTheBeginning = ({ name, expr }: Expression): Expression => ({
  name,
  expr: `last_over_time((${expr})[1h:1s])`,
});

/** Every other expression of a panel, an annotation or a recording rule has a value at some moment. */
async function showsData({ prometheus }: Incident): Promise<void> {
  const annotations = annotationExpressions.map(sinceTheBeginning);
  const pending = new Map(
    [...panelExpressions, ...annotations, ...recordings, ...questions]
      .filter((each) => !isElsewhere(each))
      .map(({ name, expr }) => [name, filledIn(expr, { job: 'herald', window: '10s' })]),
  );
  await eventually(
    'every panel to show data',
    async () => {
      for (const [name, expr] of pending) {
        const found = await prometheus.query(expr);
        if (found.some(({ value: [, value] }) => value !== 'NaN')) pending.delete(name);
      }
      return [...pending].map(([name, expr]) => `${name}: ${expr}`);
    },
    (left) => left.length === 0,
    { withinMs: 20_000, everyMs: 1_000 },
  );
}

it('panels show data, and alerts fire in their incidents and in no quiet hour', async () => {
  const incident = await startQuietly();
  const { env, prometheus, workers } = incident;
  const [one, two] = workers;

  breakPlatforms(incident);
  const admin = createAdmin({ redis: env.server.url });
  await admin.channels.pause(FORSAKEN);
  await admin.close();
  await incident.send({ platform: 'zulip', channel: FORSAKEN, to: { userIds: [1] } });
  await Promise.all([
    fires(incident, 'HeraldBreakerOpen', { channel: 'discourse' }),
    fires(incident, 'HeraldChannelStuck', { channel: 'discourse' }),
    fires(incident, 'HeraldReadyTooOld', { channel: 'discourse' }),
    fires(incident, 'HeraldMessagesExpire', { channel: 'discourse' }),
    fires(incident, 'HeraldUnknownOutcomes', { channel: 'usercom', reason: 'server_error' }),
    fires(incident, 'HeraldErrorBudgetBurnFast', { channel: 'usercom' }),
    fires(incident, 'HeraldErrorBudgetBurnSteady', { channel: 'usercom' }),
    fires(incident, 'HeraldDeadLetters', { channel: 'usercom', reason: 'unconfirmed' }),
    fires(incident, 'HeraldPlatformThrottles', { channel: 'zulip' }),
    fires(incident, 'HeraldUnforeseenRefusals', { channel: 'kongregate' }),
    fires(incident, 'HeraldChannelUnserved', { channel: FORSAKEN }),
  ]);
  await showsData(incident);
  expect(await prometheus.failedRules()).toEqual([]);

  env.sandbox.zulip.setCredentials('nobody@example.com:none');
  two.stepClock(1_500);
  await Promise.all([
    fires(incident, 'HeraldCredentialsRefused', { channel: 'zulip', reason: 'credentials' }),
    fires(incident, 'HeraldClockOff', { instance: instanceOf(two) }),
    fires(incident, 'HeraldChannelPaused', { channel: FORSAKEN }),
    fires(incident, 'HeraldSendsInDoubt', { channel: 'discourse' }),
  ]);
  for (const { annotations } of await prometheus.alerts())
    expect(Object.values(annotations).join('\n')).not.toMatch(/<no value>|<error/);

  await two.kill();
  await env.server.kill();
  await Promise.all([
    fires(incident, 'HeraldWorkerDown', { instance: instanceOf(two) }),
    fires(incident, 'HeraldRedisUnavailable'),
    fires(incident, 'HeraldEnqueueFailing', { job: 'shop', status: 'timeout' }),
    fires(incident, 'HeraldNoSamples', { channel: 'kongregate' }),
    fires(incident, 'HeraldApiErrors', { job: 'herald' }),
  ]);
  await one.kill();
  await fires(incident, 'HeraldNoWorkers');

  expect([...played, ...NOT_PLAYED].sort()).toEqual([...new Set(alerts.map(({ name }) => name))].sort());
});
