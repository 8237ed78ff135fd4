import type { AttemptEvent, FinalEvent, MessageRef } from '../../src/observe/observer.ts';

export const message: MessageRef = {
  channel: 'kongregate',
  platform: 'kongregate',
  id: 'welcome-32',
  jobId: 'm_abc',
  meta: { campaign: 'spring' },
};

export const delivered: AttemptEvent = {
  message,
  run: 1,
  attempt: 2,
  maxAttempts: 12,
  outcome: { kind: 'delivered', reason: 'sent' },
  durationMs: 40.04,
  next: { kind: 'complete', final: { state: 'delivered', reason: 'sent' } },
};

export const deliveredFinal: FinalEvent = {
  message,
  run: 1,
  attempts: 2,
  final: { state: 'delivered', reason: 'sent' },
  latencyMs: 90_000,
};

export const suppressedFinal: FinalEvent = {
  message,
  run: 1,
  attempts: 0,
  final: { state: 'suppressed', reason: 'quota' },
  latencyMs: 5,
};
