import { expect } from 'vitest';
import type { Verdict } from '../../../src/ledger/types.ts';
import { planVerdict } from '../../../src/policies/verdict-plan.ts';
import type { Flight } from './books.ts';
import { type Expected, admit as expectedVerdict } from './expected-admission.ts';
import { settle as expectedStatus } from './expected-settlement.ts';
import type { Both, Real } from './run.ts';
import type { MessageSpec } from './setup.ts';
import * as time from './time.ts';

/** A worker asks for admission of messages at hand, and does what the verdicts say. */
export async function admit(
  both: Both,
  real: Real,
  specs: readonly MessageSpec[],
  late: boolean,
): Promise<void> {
  const { verdicts } = both;
  both.latest = specs.at(-1);
  // As in a worker: what is asked for in one turn of the event loop travels in one call.
  const answers = await Promise.all(specs.map((spec) => real.lab.admit(real.message(spec))));
  for (const [i, spec] of specs.entries()) {
    const { verdict, nonce } = answers[i]!;
    note(both, spec, verdict, nonce);
  }
  if (!late) while (verdicts.length > 0) await settleVerdict(both, real, 0);
}

/** The client after an answer that was lost: the very same question once more. */
export async function admitAgain(both: Both, real: Real, flight: Flight): Promise<void> {
  const { model } = both;
  const { message, grant } = flight;
  const held = model.life(message)?.nonce === grant.nonce;
  const { verdict } = await real.lab.admit(real.message(message), grant.nonce);
  if (held && verdict.kind === 'granted') {
    resemble(verdict, expectedVerdict(model, message, grant.nonce));
    const deadlineAt = grant.deadlineAt - time.ms(model.now - flight.at);
    expect(verdict.grant, 'rule 3: the same grant').toMatchObject({ attempt: grant.attempt, deadlineAt });
    return;
  }
  // It came too late for the grant that was made: nobody will ever use that one, nor an answer that came in between.
  flight.unheard = true;
  const owed = both.verdicts.findIndex(({ nonce }) => nonce === grant.nonce);
  if (owed >= 0) both.verdicts.splice(owed, 1);
  note(both, message, verdict, grant.nonce);
}

function note({ model, books, verdicts }: Both, spec: MessageSpec, verdict: Verdict, nonce: string): void {
  const begins = model.life(spec) === undefined;
  const expected = expectedVerdict(model, spec, nonce);
  resemble(verdict, expected);
  if (verdict.kind !== 'granted') {
    verdicts.unshift({ spec, verdict, nonce });
    return;
  }
  if (begins) books.newLife(spec.id);
  if (expected.kind === 'granted') books.granted(spec, verdict.grant, model.now, expected.wait);
}

function resemble(verdict: Verdict, expected: Expected): void {
  if (verdict.kind !== 'granted' || expected.kind !== 'granted') {
    expect(verdict).toMatchObject(expected);
    return;
  }
  expect(verdict.grant).toMatchObject(expected.grant);
  const { waitMs, leaseMs } = verdict.grant;
  expect(Math.abs(waitMs - time.ms(expected.wait)), 'the wait for the rate').toBeLessThan(time.SLACK_MS);
  expect(Math.abs(leaseMs - time.ms(expected.lease)), 'the lease').toBeLessThan(time.SLACK_MS);
}

/** What the pipeline does with a verdict, at once or later. */
export async function settleVerdict({ model, books, verdicts }: Both, real: Real, at: number): Promise<void> {
  const [owed] = verdicts.splice(at, 1);
  if (!owed) return;
  const { spec, verdict, nonce } = owed;
  const { final } = planVerdict(verdict, {
    onQuota: spec.onQuota ?? 'drop',
    expiresInMs: time.ms(spec.life - model.now),
    pickups: 1,
    random: () => 0.5,
  });
  if (!final) return;
  if (model.life(spec) === undefined) books.newLife(spec.id);
  const settled = await real.lab.settle(real.message(spec), { nonce }, 'none', { final });
  expect(settled.status).toBe(expectedStatus(model, spec, nonce, 'none', { final }));
  books.ended(spec, settled, final, undefined);
}
