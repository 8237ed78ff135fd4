import { setImmediate as turn } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect } from 'vitest';
import {
  type DeadLetterRecord,
  type ReplayStatus,
  readDeadLetters,
  replayListed,
} from '../../src/dead-letters/records.ts';
import { enqueueJob } from '../../src/jobs/enqueue.ts';
import { newJobId } from '../../src/jobs/job-ids.ts';
import { createLedgerCalls, joinCalls, type Ledger } from '../../src/ledger/ledger.ts';
import { explainMessage, type LedgerEntry } from '../../src/ledger/lookups.ts';
import { campaignMessageId, jobKey, messageKey, recipientKey } from '../../src/ledger/names.ts';
import { loadScript } from '../../src/ledger/script.ts';
import type {
  DeadLetterSource,
  Effect,
  Grant,
  LedgerMessage,
  Settled,
  Settlement,
  Verdict,
} from '../../src/ledger/types.ts';
import type { FinalState } from '../../src/outcome.ts';
import type { AdmissionPolicy } from '../../src/policies/admission.ts';
import { type ChannelStore, channelStore } from '../../src/redis/channel-store.ts';
import { type RedisServer, startRedis } from '../../src/sandbox/index.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export const SENT: FinalState = { state: 'delivered', reason: 'sent' };
export const UNCONFIRMED: FinalState = { state: 'dead', reason: 'unconfirmed' };
export const EXHAUSTED: FinalState = { state: 'dead', reason: 'exhausted' };

/** A Redis of the test file's own, and its clock: the only one that the ledger asks. */
export interface Store {
  readonly redis: Redis;
  /** Milliseconds since the epoch. */
  now(): Promise<number>;
  /** Resolves once the store's clock shows this instant or a later one. */
  until(at: number): Promise<void>;
}

export function useStore(): Store {
  let server: RedisServer | undefined;
  let redis: Redis | undefined;
  beforeAll(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
  });
  afterAll(async () => {
    redis?.disconnect();
    await server?.stop();
  });
  const store: Store = {
    get redis() {
      if (!redis) throw new Error('the store is there from the first test on');
      return redis;
    },
    async now() {
      const [seconds, micros] = (await store.redis.time()).map(Number) as [number, number];
      return seconds * 1000 + Math.floor(micros / 1000);
    },
    async until(at) {
      while ((await store.now()) < at) await turn();
    },
  };
  return store;
}

export interface LabOptions extends Partial<Omit<AdmissionPolicy, 'windows'>> {
  /** Length of the calendar windows; one of them is half over when the lab opens. A day when absent. */
  windowMs?: number;
  /** Instead of these, a table of one's own. */
  windowsAround?: (around: number) => number[];
  /** What the workers' clock says when a ledger is made; the store's time when absent. */
  workerClock?: () => number;
  keepReceipts?: number;
  credentials?: string;
}

export interface MessageFields {
  id?: string;
  jobId?: string;
  to?: string;
  /** From the opening of the lab. */
  sendInMs?: number;
  /** From the opening of the lab. Seven days when absent. */
  expiresInMs?: number;
  /** Before the opening of the lab. */
  lastPlayedMsAgo?: number;
  meta?: string;
  requests?: 1 | 2;
  /** It is named after the campaign and its recipient. */
  campaign?: string;
}

/** A channel of its own, and a worker's ledger on it. */
export interface Lab {
  readonly channel: string;
  readonly base: string;
  readonly store: ChannelStore;
  readonly ledger: Ledger;
  /** Of the channel, with the windows around an instant. */
  policy(around: number): AdmissionPolicy;
  message(fields?: MessageFields): LedgerMessage;
  /** @param nonce of the same question asked before */
  admit(message: LedgerMessage, nonce?: string): Promise<{ verdict: Verdict; nonce: string }>;
  /** The message as it is after all that was let pass: its own instants lie in the past, too. */
  present(message: LedgerMessage): LedgerMessage;
  verdict(message: LedgerMessage): Promise<Verdict>;
  /** Asks for admission and expects it to be granted. */
  grant(message: LedgerMessage): Promise<Grant>;
  settle(
    message: LedgerMessage,
    by: { nonce: string },
    effect: Effect,
    more?: Partial<Settlement>,
  ): Promise<Settled>;
  deliver(message: LedgerMessage, by: { nonce: string }): Promise<Settled>;
  /** All times of the channel move into the past, as if so much time had gone by. */
  elapse(ms: number): Promise<void>;
  /** Another worker of the channel: its commands go through this client. */
  ledgerOn(redis: Redis, more?: Partial<AdmissionPolicy>): Ledger;
  /** What the workers take for the policy in force from now on. */
  relyOn(policy: string): void;
  receipts(): Promise<Record<string, string>[]>;
  /** Its dead letter. */
  letter(message: LedgerMessage): Promise<DeadLetterRecord | undefined>;
  /** Replays its dead letter, as it is now. */
  replay(message: LedgerMessage): Promise<ReplayStatus | undefined>;
  explain(message: LedgerMessage): Promise<LedgerEntry>;
}

/** What a worker would say of the message's job. */
export const deadLetterOf = ({ id }: LedgerMessage): DeadLetterSource => ({
  data: `{"id":"${id}"}`,
  enqueuedAt: '1700000000000',
  dueAt: 1_700_000_000_000,
  priority: 0,
  detail: 'as it was told',
});

/** Another message of the same id, enqueued as a producer does. */
export async function enqueuedAgain(lab: Lab, { id }: LedgerMessage): Promise<LedgerMessage> {
  const job = { jobId: newJobId(), priority: 0, dueAt: undefined };
  const messages = [{ id, text: JSON.stringify({ id }), expiresAt: undefined }];
  expect(await enqueueJob(lab.store, { ...job, messages })).toEqual([true]);
  return lab.message({ id, jobId: job.jobId });
}

const elapseScript = loadScript('../../../test/ledger/elapse.lua');
let made = 0;
/** What the workers of a lab have put in force; its windows are given otherwise. */
const POLICY = 'lab';

/** Channels of one store do not touch each other, so every test has its own. */
export async function openLab(store: Store, options: LabOptions = {}): Promise<Lab> {
  const {
    windowMs = DAY,
    windowsAround,
    workerClock,
    keepReceipts = 1000,
    credentials = 'c',
    ...rest
  } = options;
  const channel = `lab-${++made}`;
  const ownStore = channelStore(store.redis, channel);
  const { ledger: base, receipts } = ownStore.keys;
  const openedAt = await store.now();
  await store.redis.set(ownStore.keys.policy, POLICY);
  const playTtl = rest.playTtl ?? 28 * DAY;
  let passed = 0;
  let reliesOn = POLICY;
  const halfOver = (around: number): number[] => {
    const origin = openedAt - Math.floor(windowMs / 2);
    const index = Math.floor((around + passed - origin) / windowMs);
    return [-1, 0, 1, 2].map((offset) => origin + (index + offset) * windowMs - passed);
  };
  const policy = (around: number): AdmissionPolicy => ({
    quota: true,
    ...(rest.rolling === undefined && { windows: (windowsAround ?? halfOver)(around) }),
    playTtl,
    sendWhenUnknown: true,
    lease: 10 * SECOND,
    ahead: SECOND,
    attempts: 3,
    patience: 10 * MINUTE,
    quiet: MINUTE,
    resolution: 'keep',
    platformDay: DAY,
    inForce: reliesOn,
    ...rest,
  });
  const ledgerOn = (redis: Redis, more: Partial<AdmissionPolicy> = {}): Ledger =>
    joinCalls(
      createLedgerCalls({
        store: channelStore(redis, channel),
        policyAround: (around) => JSON.stringify({ ...policy(around), ...more }),
        playTtlMs: playTtl,
        platformDayMs: rest.platformDay ?? DAY,
        keepReceipts,
        slotMs: rest.quota === false ? undefined : (rest.rolling ?? 0),
        credentials,
        clock: { now: workerClock ?? (() => openedAt), monotonic: () => 0 },
      }),
    );
  let ledger = ledgerOn(store.redis);
  const present = (message: LedgerMessage): LedgerMessage => ({
    ...message,
    expiresAt: message.expiresAt - passed,
    ...(message.sendAt !== undefined && { sendAt: message.sendAt - passed }),
    ...(message.lastPlayedAt !== undefined && { lastPlayedAt: message.lastPlayedAt - passed }),
  });
  let messages = 0;
  /** By nonce: when the window of a grant's slot ends, had no time been let pass. */
  const windowEnds = new Map<string, number>();

  const lab: Lab = {
    channel,
    base,
    store: ownStore,
    get ledger() {
      return ledger;
    },
    ledgerOn,
    policy,
    message({ id, jobId, to = '32', expiresInMs = 7 * DAY, campaign, ...given } = {}) {
      const { lastPlayedMsAgo, sendInMs, meta, requests } = given;
      messages += 1;
      const own = campaign === undefined ? `message-${messages}` : campaignMessageId(campaign, to);
      const name = id ?? own;
      const job = jobId ?? `job-${messages}${campaign === undefined ? '' : ':0'}`;
      return {
        id: name,
        jobId: job,
        key: messageKey(name),
        job: jobKey(job),
        recipient: recipientKey(to),
        expiresAt: openedAt + expiresInMs,
        ...(sendInMs !== undefined && { sendAt: openedAt + sendInMs }),
        ...(lastPlayedMsAgo !== undefined && { lastPlayedAt: openedAt - lastPlayedMsAgo }),
        ...(meta !== undefined && { meta }),
        ...(requests !== undefined && { requests }),
        ...(campaign !== undefined && { campaign }),
      };
    },
    async admit(message, nonce) {
      const admitted = await ledger.admit(present(message), nonce);
      const { verdict } = admitted;
      const end = verdict.kind === 'granted' ? verdict.grant.windowEnd : 0;
      if (end > 0) windowEnds.set(admitted.nonce, end + passed);
      return admitted;
    },
    present,
    verdict: async (message) => (await lab.admit(message)).verdict,
    async grant(message) {
      const { verdict } = await lab.admit(message);
      expect(verdict).toMatchObject({ kind: 'granted' });
      return (verdict as Extract<Verdict, { kind: 'granted' }>).grant;
    },
    settle: (message, { nonce }, effect, more = {}) =>
      ledger.settle({
        message: present(message),
        nonce,
        effect,
        ...(windowEnds.has(nonce) && { windowEnd: windowEnds.get(nonce)! - passed }),
        ...(more.final?.state === 'dead' && { letter: deadLetterOf(message) }),
        ...more,
      }),
    deliver: (message, by) => lab.settle(message, by, 'delivered', { final: SENT, health: 'up' }),
    async elapse(ms) {
      await elapseScript.run(store.redis, [base], [String(ms)]);
      passed += ms;
      ledger = ledgerOn(store.redis);
    },
    relyOn(policy) {
      reliesOn = policy;
      ledger = ledgerOn(store.redis);
    },
    async receipts() {
      const entries = await store.redis.xrange(receipts, '-', '+');
      return entries.map(([, fields]) =>
        Object.fromEntries(
          fields.flatMap((name, i) => (i % 2 === 0 ? [[name, fields[i + 1] ?? ''] as const] : [])),
        ),
      );
    },
    letter: async ({ jobId }) => (await readDeadLetters(ownStore, [jobId]))[0],
    async replay(message) {
      const letter = await lab.letter(message);
      return letter && (await replayListed(ownStore, [letter]))[0];
    },
    explain: ({ key, recipient }) => explainMessage(ownStore, { key, recipient, playTtlMs: playTtl }),
  };
  return lab;
}

/**
 * The client after a connection that was lost between the store's answer and its arrival: each script is run, its
 * answer thrown away, and the command sent once more.
 */
export function repeating(redis: Redis): Redis {
  return new Proxy(redis, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (name !== 'evalsha' && name !== 'eval')
        return typeof value === 'function' ? value.bind(target) : value;
      return async (...args: unknown[]) => {
        await value.apply(target, args);
        return await value.apply(target, args);
      };
    },
  });
}
