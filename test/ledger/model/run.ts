import fc from 'fast-check';
import { expect } from 'vitest';
import { readDeadLetters } from '../../../src/dead-letters/records.ts';
import { createCampaign, finishListing, listChunk, readCampaign } from '../../../src/ledger/campaigns.ts';
import { jobKey } from '../../../src/ledger/names.ts';
import type { LedgerMessage, Verdict } from '../../../src/ledger/types.ts';
import { type Lab, openLab, type Store } from '../harness.ts';
import { Books } from './books.ts';
import { shownCampaign } from './campaign.ts';
import {
  CAMPAIGN,
  CAMPAIGN_LIFE,
  LISTS,
  labOptions,
  MESSAGES,
  type MessageSpec,
  type Setup,
} from './setup.ts';
import { ModelState } from './state.ts';
import * as time from './time.ts';

export type Refusal = Exclude<Verdict, { kind: 'granted' }>;

/** What a run of commands plays on: the real scripts on a real store. */
export interface Real {
  readonly lab: Lab;
  readonly store: Store;
  /** When the run began, by the store's clock. */
  readonly openedAt: number;
  message(spec: MessageSpec): LedgerMessage;
}

/** What it is compared with. */
export interface Both {
  readonly model: ModelState;
  readonly books: Books;
  /** Verdicts that a worker has not settled yet, the latest first. */
  readonly verdicts: { spec: MessageSpec; verdict: Refusal; nonce: string }[];
  /** What was admitted last. */
  latest: MessageSpec | undefined;
}

/** Also once more, as after a crash. */
export async function startCampaign(lab: Lab, openedAt: number): Promise<string[]> {
  const expiresAt = openedAt + time.ms(CAMPAIGN_LIFE);
  const { status } = await createCampaign(lab.store, { id: CAMPAIGN, message: '{}', expiresAt });
  const listings: string[] = [];
  for (const { job, count } of LISTS) {
    const chunk = { id: CAMPAIGN, jobId: job, priority: 0, dueAt: undefined, digest: job, count, data: '{}' };
    listings.push(
      await listChunk(lab.store, { ...chunk, jobId: `${job}${status === 'created' ? '' : 'x'}` }),
    );
  }
  await finishListing(lab.store, CAMPAIGN);
  return [status, ...listings];
}

export async function openRun(store: Store, setup: Setup): Promise<{ model: Both; real: Real }> {
  const openedAt = await store.now();
  const lab = await openLab(store, labOptions(setup));
  const model = new ModelState(setup);
  await startCampaign(lab, openedAt);
  const messages = new Map(
    MESSAGES.map((spec) => [
      spec,
      lab.message({
        id: spec.id,
        jobId: spec.job,
        to: spec.player,
        expiresInMs: time.ms(spec.life),
        ...(spec.campaign !== undefined && { campaign: spec.campaign }),
        ...(spec.requests !== undefined && { requests: spec.requests }),
        ...(spec.sendAt !== undefined && { sendInMs: time.ms(spec.sendAt) }),
        ...(spec.playedAgo !== undefined && { lastPlayedMsAgo: time.ms(spec.playedAgo) }),
      }),
    ]),
  );
  const real: Real = {
    lab,
    store,
    openedAt,
    message(spec) {
      const message = messages.get(spec);
      if (!message) throw new Error(`no message ${spec.id}`);
      return model.campaign.isReplay(spec) ? { ...message, uncounted: true } : message;
    },
  };
  return { model: { model, books: new Books(setup), verdicts: [], latest: undefined }, real };
}

const PHASES = {
  e: 'open',
  o: 'open',
  s: 'sending',
  a: 'asking',
  d: 'final',
  x: 'final',
  l: 'final',
} as const;

/**
 * Compares all that the store holds of the messages with the model, and the slots with the books: in one question and one
 * comparison, since this is most of what a run costs.
 */
export async function compare({ model, books }: Both, real: Real): Promise<void> {
  const jobs = [...new Set(MESSAGES.map((spec) => real.message(spec).jobId))];
  const [entries, letters, campaign] = await Promise.all([
    Promise.all(MESSAGES.map((spec) => real.lab.explain(real.message(spec)))),
    readDeadLetters(real.lab.store, jobs),
    readCampaign(real.lab.store, CAMPAIGN),
    withinSlack(real),
  ]);
  const letterOf = new Map(letters.map((letter, i) => [jobs[i], letter]));
  const seen: Record<string, unknown> = { campaign: shownCampaign(campaign) };
  const expected: Record<string, unknown> = { campaign: model.campaign.shown() };
  for (const [i, spec] of MESSAGES.entries()) {
    const { record, slot } = entries[i]!;
    const own = `${spec.id} in ${spec.job}`;
    seen[`the record of ${own}`] = record && {
      phase: PHASES[record['state'] as keyof typeof PHASES],
      run: record['run'],
      attempts: Number(record['attempts']) + Number(record['waived']),
      doubtful: Number(record['doubt_at'] ?? 0) > 0,
      job: String(record['job']).slice(1, 4),
      rescheduled: Number(record['not_before']) > 0,
    };
    expected[`the record of ${own}`] = recordOf(model, spec);
    const known = model.slot(spec.player);
    seen[`the slot of ${own}`] = slot && { state: slot.state, own: slot.own };
    expected[`the slot of ${own}`] = known ? { state: known.state[0], own: known.owner === spec.id } : null;
    const letter = letterOf.get(real.message(spec).jobId);
    seen[`the dead letter of ${own}`] = letter && { reason: letter.reason, run: letter.run };
    expected[`the dead letter of ${own}`] = model.letters.get(spec.job);
  }
  expect(seen).toEqual(expected);
  for (const [i, spec] of MESSAGES.entries()) books.checkSlots(spec, entries[i]!, model.now);
}

function recordOf(model: ModelState, { id }: MessageSpec): object | null {
  const record = model.records.get(id);
  if (!record) return null;
  const { phase, run, attempts, waived, doubtSince, notBefore, final, withdrawn } = record;
  const job = final ? final.job : record.job;
  return {
    phase,
    run,
    attempts: attempts + waived,
    doubtful: phase !== 'final' && doubtSince !== undefined,
    // A message of a job of many has four characters of its job's name; in a campaign, another one is in place of the first.
    job: nameOf(job, withdrawn && !final),
    rescheduled: phase !== 'final' && notBefore !== undefined,
  };
}

const nameOf = (job: string | undefined, withdrawn: boolean): string =>
  withdrawn ? '+++' : job === undefined ? '---' : jobKey(job).slice(1, 4);

/** A run that the machine was too slow for proves nothing: fast-check tries another. */
export async function withinSlack({ store, openedAt }: Real): Promise<void> {
  fc.pre((await store.now()) - openedAt < time.SLACK_MS);
}

/** Rule 9: the receipts are the final states, one a run, in their order. */
export async function compareReceipts({ model }: Both, { lab }: Real): Promise<void> {
  const receipts = (await lab.receipts()).map(({ id, run, state, reason, attempts }) =>
    [id, run, state, reason, attempts].join(' '),
  );
  expect(receipts).toEqual(
    model.ended.map(({ id, run, final, attempts }) =>
      [id, run, final.state, final.reason, attempts].join(' '),
    ),
  );
}

export async function elapse({ model, verdicts }: Both, { lab }: Real, ticks: number): Promise<void> {
  await lab.elapse(ticks * time.TICK_MS);
  model.elapse(ticks * time.TICK);
  // No worker sits on a verdict for a day.
  if (ticks * time.TICK > time.DAY / 2) verdicts.length = 0;
}
