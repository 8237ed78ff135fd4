import { Registry, register } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { countAccepted, createMetrics, type Metrics } from '../../src/observe/metrics.ts';
import type { ChannelSample } from '../../src/observe/sample.ts';
import { emptySample } from '../../src/observe/sampled-series.ts';
import { delivered, deliveredFinal, message, suppressedFinal } from './events.ts';

const create = (): Metrics => createMetrics({ defaults: false, version: '1.2.3' });

/** The lines of a metric, without HELP and TYPE. */
async function series(metrics: Metrics, name: string): Promise<string[]> {
  const text = (await metrics.render()).text;
  return text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
}

const kongregate = {
  name: 'kongregate',
  platform: 'kongregate',
  concurrency: 20,
  rate: { max: 600, perMs: 60_000 },
};

const quiet: ChannelSample = {
  ...emptySample('kongregate'),
  at: 1_700_000_000_500,
  liveWorkers: 2,
  enqueued: 7,
  campaignTotals: { states: { running: 2 }, waiting: 70, underWay: 3, paused: 0 },
};

const PINNED = [
  ['herald_enqueued_total', 'counter'],
  ['herald_admissions_total', 'counter'],
  ['herald_attempts_total', 'counter'],
  ['herald_messages_total', 'counter'],
  ['herald_deferrals_total', 'counter'],
  ['herald_dead_letters_removed_total', 'counter'],
  ['herald_breaker_opens_total', 'counter'],
  ['herald_replays_total', 'counter'],
  ['herald_late_grants_total', 'counter'],
  ['herald_unforeseen_refusals_total', 'counter'],
  ['herald_send_duration_seconds', 'histogram'],
  ['herald_queue_wait_seconds', 'histogram'],
  ['herald_slot_wait_seconds', 'histogram'],
  ['herald_delivery_latency_seconds', 'histogram'],
  ['herald_ready_latency_seconds', 'histogram'],
  ['herald_message_attempts', 'histogram'],
  ['herald_event_loop_lag_seconds', 'histogram'],
  ['herald_queue_messages', 'gauge'],
  ['herald_ready_messages', 'gauge'],
  ['herald_waiting_messages', 'gauge'],
  ['herald_webhook_deliveries_total', 'counter'],
  ['herald_webhook_gone', 'gauge'],
  ['herald_webhook_lag_seconds', 'gauge'],
  ['herald_webhook_losses_total', 'counter'],
  ['herald_webhook_missing_receipts_total', 'counter'],
  ['herald_oldest_message_age_seconds', 'gauge'],
  ['herald_dead_letters', 'gauge'],
  ['herald_oldest_dead_letter_age_seconds', 'gauge'],
  ['herald_campaigns', 'gauge'],
  ['herald_campaign_messages', 'gauge'],
  ['herald_quota_slots', 'gauge'],
  ['herald_quota_window_end_timestamp_seconds', 'gauge'],
  ['herald_sends_in_doubt', 'gauge'],
  ['herald_channel_resting', 'gauge'],
  ['herald_breaker_state', 'gauge'],
  ['herald_channel_stopped', 'gauge'],
  ['herald_channel_stopped_since_timestamp_seconds', 'gauge'],
  ['herald_channel_concurrency', 'gauge'],
  ['herald_channel_rate_per_second', 'gauge'],
  ['herald_channel_workers', 'gauge'],
  ['herald_sample_timestamp_seconds', 'gauge'],
  ['herald_http_requests_total', 'counter'],
  ['herald_http_request_duration_seconds', 'histogram'],
  ['herald_redis_up', 'gauge'],
  ['herald_redis_errors_total', 'counter'],
  ['herald_redis_reconnects_total', 'counter'],
  ['herald_redis_call_duration_seconds', 'histogram'],
  ['herald_in_flight', 'gauge'],
  ['herald_clock_offset_seconds', 'gauge'],
  ['herald_draining', 'gauge'],
  ['herald_build_info', 'gauge'],
] as const;

describe('createMetrics', () => {
  it('declares exactly the pinned metrics of a worker, each with a type and a help', async () => {
    const text = (await create().render()).text;
    const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map((match) => [match[1], match[2]]);
    expect(types.sort()).toEqual([...PINNED].map((pair) => [...pair]).sort());
    for (const [name] of PINNED) expect(text).toMatch(new RegExp(`^# HELP ${name} .{12,}$`, 'm'));
  });

  it('keeps off the global registry and takes the one it is given', async () => {
    const registry = new Registry();
    createMetrics({ registry, defaults: false, version: '1' });
    expect(register.getMetricsAsArray()).toEqual([]);
    expect(registry.getSingleMetric('herald_messages_total')).toBeDefined();
  });

  it("shares an application's registry with another worker, and leaves Node's metrics to the application", async () => {
    const registry = new Registry();
    const [one, other] = ['1', '1'].map((version) => createMetrics({ registry, version }));
    for (const metrics of [one!, other!]) {
      metrics.watch(kongregate);
      metrics.admitted('kongregate', 'granted');
    }
    expect(await series(one!, 'herald_admissions_total')).toContain(
      'herald_admissions_total{channel="kongregate",verdict="granted",cause=""} 2',
    );
    expect(await registry.metrics()).not.toContain('process_');
  });

  it("adds Node's own metrics unless told not to", async () => {
    const withNode = createMetrics({ version: '1' });
    expect(await series(withNode, 'nodejs_eventloop_lag_seconds')).toHaveLength(1);
    expect(await series(create(), 'nodejs_eventloop_lag_seconds')).toHaveLength(0);
    // Prometheus' own linter objects to a gauge that is named as counters are.
    expect((await withNode.render()).text).not.toMatch(/^# TYPE \S+_total gauge$/m);
  });

  it('tells the version', async () => {
    expect(await series(create(), 'herald_build_info')).toEqual(['herald_build_info{version="1.2.3"} 1']);
  });

  it('starts the counters of a watched channel at 0', async () => {
    const metrics = create();
    metrics.watch(kongregate);
    const messages = await series(metrics, 'herald_messages_total');
    expect(messages).toHaveLength(15);
    expect(messages.every((line) => line.endsWith(' 0'))).toBe(true);
    expect(await series(metrics, 'herald_attempts_total')).toContain(
      'herald_attempts_total{channel="kongregate",platform="kongregate",outcome="unknown",reason="timeout"} 0',
    );
    expect(await series(metrics, 'herald_admissions_total')).toContain(
      'herald_admissions_total{channel="kongregate",verdict="busy",cause="proof"} 0',
    );
    expect(await series(metrics, 'herald_unforeseen_refusals_total')).toEqual([
      'herald_unforeseen_refusals_total{channel="kongregate"} 0',
    ]);
  });
});

describe('the limits of a channel', () => {
  it('are told by every process that serves it, a rate where there is one', async () => {
    const metrics = create();
    metrics.watch(kongregate);
    metrics.watch({ ...kongregate, name: 'forum', concurrency: 5, rate: null });
    expect(await series(metrics, 'herald_channel_concurrency')).toEqual([
      'herald_channel_concurrency{channel="kongregate"} 20',
      'herald_channel_concurrency{channel="forum"} 5',
    ]);
    expect(await series(metrics, 'herald_channel_rate_per_second')).toEqual([
      'herald_channel_rate_per_second{channel="kongregate"} 10',
    ]);
  });
});

describe('the events of the pipeline', () => {
  it('counts an attempt and its time', async () => {
    const metrics = create();
    metrics.watch(kongregate);
    metrics.attempted(delivered);
    expect(await series(metrics, 'herald_attempts_total')).toContain(
      'herald_attempts_total{channel="kongregate",platform="kongregate",outcome="delivered",reason="sent"} 1',
    );
    const buckets = await series(metrics, 'herald_send_duration_seconds_bucket');
    const sent = buckets.filter((line) => line.includes('outcome="delivered"'));
    expect(sent.find((line) => line.includes('le="0.025"'))).toMatch(/ 0$/);
    expect(sent.find((line) => line.includes('le="0.05"'))).toMatch(/ 1$/);
    // A timeout takes 10 s by default and 12 s at most: what ends by one must not share a bucket with what would take longer.
    expect(sent.map((line) => /le="([^"]*)"/.exec(line)?.[1]).slice(-4)).toEqual([
      '10',
      '12.5',
      '15',
      '+Inf',
    ]);
  });

  it('counts final states, and the latency of deliveries only', async () => {
    const metrics = create();
    metrics.finished(deliveredFinal);
    metrics.finished(suppressedFinal);
    expect(await series(metrics, 'herald_messages_total')).toEqual([
      'herald_messages_total{channel="kongregate",platform="kongregate",state="delivered",reason="sent"} 1',
      'herald_messages_total{channel="kongregate",platform="kongregate",state="suppressed",reason="quota"} 1',
    ]);
    expect(await series(metrics, 'herald_delivery_latency_seconds_sum')).toEqual([
      'herald_delivery_latency_seconds_sum{channel="kongregate"} 90',
    ]);
    const buckets = await series(metrics, 'herald_delivery_latency_seconds_bucket');
    expect(buckets.some((line) => line.includes('le="86400"'))).toBe(true);
  });

  it('tells the latency of a delivery also without the time that its recipient kept it waiting', async () => {
    const metrics = create();
    metrics.finished({ ...deliveredFinal, keptMs: 86_000 });
    metrics.finished(deliveredFinal);
    expect(await series(metrics, 'herald_ready_latency_seconds_sum')).toEqual([
      'herald_ready_latency_seconds_sum{channel="kongregate"} 94',
    ]);
  });

  it('tells how many attempts a message took, whatever its end', async () => {
    const metrics = create();
    metrics.finished({ ...deliveredFinal, attempts: 3 });
    metrics.finished(suppressedFinal);
    const buckets = await series(metrics, 'herald_message_attempts_bucket');
    expect(buckets.map((line) => line.replace(/^.*le="/, ''))).toEqual([
      '0",channel="kongregate"} 1',
      '1",channel="kongregate"} 1',
      '2",channel="kongregate"} 1',
      '3",channel="kongregate"} 2',
      '5",channel="kongregate"} 2',
      '8",channel="kongregate"} 2',
      '12",channel="kongregate"} 2',
      '+Inf",channel="kongregate"} 2',
    ]);
  });

  it('keeps waiting while sendable apart from waiting for the slot', async () => {
    const metrics = create();
    metrics.waited('kongregate', 2_000, 0);
    metrics.waited('kongregate', 0, 3_600_000);
    expect(await series(metrics, 'herald_queue_wait_seconds_count')).toEqual([
      'herald_queue_wait_seconds_count{channel="kongregate"} 2',
    ]);
    expect(await series(metrics, 'herald_slot_wait_seconds_count')).toEqual([
      'herald_slot_wait_seconds_count{channel="kongregate"} 1',
    ]);
    expect(await series(metrics, 'herald_slot_wait_seconds_sum')).toEqual([
      'herald_slot_wait_seconds_sum{channel="kongregate"} 3600',
    ]);
  });

  it('takes a duration that two clocks made negative for none', async () => {
    const metrics = create();
    metrics.finished({ ...deliveredFinal, latencyMs: -150 });
    expect(await series(metrics, 'herald_delivery_latency_seconds_sum')).toEqual([
      'herald_delivery_latency_seconds_sum{channel="kongregate"} 0',
    ]);
  });

  it('counts verdicts, deferrals, replays, refusals and what is in flight', async () => {
    const metrics = create();
    metrics.admitted('kongregate', 'granted');
    metrics.deferred('kongregate', { reason: 'slot_busy', cause: 'quota', delayMs: 900 });
    metrics.finished({ ...deliveredFinal, run: 2 });
    metrics.finished({ ...deliveredFinal, run: 1 });
    metrics.unforeseenRefusal(message);
    metrics.lateGrant('kongregate');
    metrics.inFlight('kongregate', 1);
    metrics.inFlight('kongregate', 1);
    metrics.inFlight('kongregate', -1);
    const text = (await metrics.render()).text;
    expect(text).toContain('herald_admissions_total{channel="kongregate",verdict="granted",cause=""} 1');
    expect(text).toContain('herald_deferrals_total{channel="kongregate",reason="slot_busy",cause="quota"} 1');
    expect(text).toContain('herald_replays_total{channel="kongregate"} 1');
    expect(text).toContain('herald_unforeseen_refusals_total{channel="kongregate"} 1');
    expect(text).toContain('herald_late_grants_total{channel="kongregate"} 1');
    expect(text).toContain('herald_in_flight{channel="kongregate"} 1');
  });

  it('escapes what could break the text format out of a channel name', async () => {
    const metrics = create();
    metrics.admitted('a"} 1\nevil_metric 7', 'granted');
    expect((await metrics.render()).text).not.toMatch(/^evil_metric/m);
  });
});

describe('countAccepted', () => {
  it('counts for all producers of a registry together, from 0', async () => {
    const registry = new Registry();
    countAccepted(registry)('kongregate', 'queued');
    countAccepted(registry)('kongregate', 'queued');
    const text = await registry.metrics();
    expect(text).toContain('herald_accepted_total{channel="kongregate",status="queued"} 2');
    expect(text).toContain('herald_accepted_total{channel="kongregate",status="duplicate"} 0');
  });
});

describe('samples', () => {
  it('tell when they were taken, who serves the channel, and what was enqueued', async () => {
    const metrics = create();
    metrics.sample(quiet);
    metrics.sample({ ...quiet, enqueued: 9 });
    const text = await metrics.render();
    expect(text.text).toContain('herald_sample_timestamp_seconds{channel="kongregate"} 1700000000.5');
    expect(text.text).toContain('herald_channel_workers{channel="kongregate"} 2');
    expect(text.text).toContain('herald_enqueued_total{channel="kongregate"} 9');
  });

  it('show campaigns by state, and how much of them is left', async () => {
    const metrics = create();
    metrics.sample(quiet);
    expect(await series(metrics, 'herald_campaigns')).toEqual([
      'herald_campaigns{channel="kongregate",state="listing"} 0',
      'herald_campaigns{channel="kongregate",state="running"} 2',
      'herald_campaigns{channel="kongregate",state="paused"} 0',
      'herald_campaigns{channel="kongregate",state="cancelled"} 0',
      'herald_campaigns{channel="kongregate",state="done"} 0',
    ]);
    expect(await series(metrics, 'herald_campaign_messages')).toEqual([
      'herald_campaign_messages{channel="kongregate",state="waiting"} 70',
      'herald_campaign_messages{channel="kongregate",state="under_way"} 3',
    ]);
    metrics.unsample('kongregate');
    expect(await series(metrics, 'herald_campaigns')).toEqual([]);
    expect(await series(metrics, 'herald_campaign_messages')).toEqual([]);
  });

  it('sets every state of the queue, also the empty ones', async () => {
    const metrics = create();
    metrics.sample({ ...quiet, queue: { ready: 5, dead: 2 }, ready: 4, oldestAgeSeconds: { ready: 12.5 } });
    const queue = await series(metrics, 'herald_queue_messages');
    expect(queue).toContain('herald_queue_messages{channel="kongregate",state="ready"} 5');
    expect(queue).toContain('herald_queue_messages{channel="kongregate",state="waiting_slot"} 0');
    expect(queue).toHaveLength(6);
    expect((await metrics.render()).text).toContain(
      'herald_oldest_message_age_seconds{channel="kongregate",state="ready"} 12.5',
    );
  });

  it('takes a reason that went away back to 0', async () => {
    const metrics = create();
    metrics.sample({ ...quiet, stopped: { reason: 'credentials' }, resting: { reason: 'breaker_open' } });
    expect(await series(metrics, 'herald_channel_stopped')).toContain(
      'herald_channel_stopped{channel="kongregate",reason="credentials"} 1',
    );
    metrics.sample({ ...quiet, stopped: { reason: 'paused' } });
    expect(await series(metrics, 'herald_channel_stopped')).toEqual([
      'herald_channel_stopped{channel="kongregate",reason="credentials"} 0',
      'herald_channel_stopped{channel="kongregate",reason="sender"} 0',
      'herald_channel_stopped{channel="kongregate",reason="paused"} 1',
      'herald_channel_stopped{channel="kongregate",reason="policy_changed"} 0',
      'herald_channel_stopped{channel="kongregate",reason="account_taken"} 0',
      'herald_channel_stopped{channel="kongregate",reason="queue_paused"} 0',
    ]);
    expect(await series(metrics, 'herald_channel_resting')).toEqual([
      'herald_channel_resting{channel="kongregate",reason="rate_limited"} 0',
      'herald_channel_resting{channel="kongregate",reason="breaker_open"} 0',
    ]);
  });

  it('tell the state of the breaker, and how often this process opened it', async () => {
    const metrics = create();
    metrics.watch(kongregate);
    metrics.sample({ ...quiet, breaker: 'half_open' });
    expect(await series(metrics, 'herald_breaker_state')).toEqual([
      'herald_breaker_state{channel="kongregate",state="closed"} 0',
      'herald_breaker_state{channel="kongregate",state="open"} 0',
      'herald_breaker_state{channel="kongregate",state="half_open"} 1',
    ]);
    expect(await series(metrics, 'herald_breaker_opens_total')).toEqual([
      'herald_breaker_opens_total{channel="kongregate"} 0',
    ]);
    metrics.breakerOpened('kongregate');
    metrics.unsample('kongregate');
    expect(await series(metrics, 'herald_breaker_state')).toEqual([]);
    expect(await series(metrics, 'herald_breaker_opens_total')).toEqual([
      'herald_breaker_opens_total{channel="kongregate"} 1',
    ]);
  });

  it('count what Redis counts, as it does: also where it begins anew', async () => {
    const metrics = create();
    const removed = () => series(metrics, 'herald_dead_letters_removed_total');
    metrics.sample({ ...quiet, doubts: 2, removedDeadLetters: { replayed: 7, purged: 100 } });
    metrics.sample({ ...quiet, removedDeadLetters: { purged: 101 } });
    expect((await removed()).sort()).toEqual([
      'herald_dead_letters_removed_total{channel="kongregate",how="delivered"} 0',
      'herald_dead_letters_removed_total{channel="kongregate",how="purged"} 101',
      'herald_dead_letters_removed_total{channel="kongregate",how="replayed"} 0',
    ]);
    expect(await series(metrics, 'herald_sends_in_doubt')).toEqual([
      'herald_sends_in_doubt{channel="kongregate"} 0',
    ]);
  });

  it('tell the slots of a quota and its window’s end, where there are any', async () => {
    const metrics = create();
    const shown = async () => [
      ...(await series(metrics, 'herald_quota_slots')),
      ...(await series(metrics, 'herald_quota_window_end_timestamp_seconds')),
    ];
    metrics.sample({ ...quiet, slots: { held: 2, spent: 40 }, windowEndsAt: 1_700_000_000_000 });
    expect(await shown()).toEqual([
      'herald_quota_slots{channel="kongregate",state="held"} 2',
      'herald_quota_slots{channel="kongregate",state="spent"} 40',
      'herald_quota_window_end_timestamp_seconds{channel="kongregate"} 1700000000',
    ]);
    metrics.sample(quiet);
    expect(await shown()).toEqual([]);
  });

  it('tell since when the channel is stopped, where that is known', async () => {
    const metrics = create();
    const since = () => series(metrics, 'herald_channel_stopped_since_timestamp_seconds');
    metrics.sample({ ...quiet, stopped: { reason: 'paused', at: 1_700_000_000_500 } });
    expect(await since()).toEqual([
      'herald_channel_stopped_since_timestamp_seconds{channel="kongregate"} 1700000000.5',
    ]);
    metrics.sample({ ...quiet, stopped: { reason: 'queue_paused' } });
    expect(await since()).toEqual([]);
    metrics.sample({ ...quiet, stopped: { reason: 'paused', at: 1_700_000_000_500 } });
    metrics.sample(quiet);
    expect(await since()).toEqual([]);
  });

  it('drops the figures of a channel that cannot be read, and of no other', async () => {
    const metrics = create();
    metrics.sample(quiet);
    metrics.sample({ ...quiet, channel: 'forum' });
    metrics.unsample('kongregate');
    const text = (await metrics.render()).text;
    expect(text).not.toContain('channel="kongregate"');
    expect(await series(metrics, 'herald_queue_messages')).toHaveLength(6);
  });

  it('tells the clock offset in seconds, with its sign, and none before it is measured', async () => {
    const metrics = create();
    expect(await series(metrics, 'herald_clock_offset_seconds')).toEqual([]);
    metrics.clockOffset(-2500);
    expect(await series(metrics, 'herald_clock_offset_seconds')).toEqual([
      'herald_clock_offset_seconds -2.5',
    ]);
    metrics.clockOffset(undefined);
    expect(await series(metrics, 'herald_clock_offset_seconds')).toEqual([]);
  });
});
