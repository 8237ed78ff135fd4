import fc from 'fast-check';
import { expect } from 'vitest';
import { cancelMessage, rescheduleMessage } from '../../../src/jobs/control.ts';
import { setCampaignState } from '../../../src/ledger/campaigns.ts';
import { openBreaker, resumeChannel, stopChannel } from '../../../src/ledger/channel-state.ts';
import { recordPlays } from '../../../src/ledger/lookups.ts';
import type { Fate } from './books.ts';
import { cancel as expectedCancel, reschedule as expectedReschedule } from './expected-control.ts';
import { enqueue } from './producer.ts';
import { type Both, compare, elapse, type Real, startCampaign } from './run.ts';
import { CAMPAIGN, CAMPAIGN_LIFE, MESSAGES, type MessageSpec } from './setup.ts';
import type { ModelState } from './state.ts';
import * as time from './time.ts';
import { admit, admitAgain, settleVerdict } from './worker-admission.ts';
import { settle } from './worker-settlement.ts';

/** What workers, platforms, producers and operators do to a channel, in any order. */
export type Command = fc.AsyncCommand<Both, Real>;

const PLAYERS = ['ann', 'bob'] as const;
const FATES: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 5, arbitrary: fc.constant('arrives' as const) },
  { weight: 4, arbitrary: fc.constant('lost' as const) },
  { weight: 2, arbitrary: fc.constantFrom('rate_limited', 'bad_recipient', 'not_played', 'credentials') },
);
/** Ticks; the last one is a day and a half. */
const SPANS = [1, 1, 1, 2, 3, 4, 7, (1.5 * time.DAY) / time.TICK];

/** After each command the store and the model must agree. */
const command = (
  name: string,
  run: (both: Both, real: Real) => Promise<void> | void,
  check: (both: Both) => boolean = () => true,
): Command => ({
  check: (both) => check(both),
  async run(both, real) {
    await run(both, real);
    await compare(both, real);
  },
  toString: () => name,
});

const message = fc.constantFrom(...MESSAGES);
type Whom = MessageSpec | 'the latest';
const nameOf = (whom: Whom): string => (whom === 'the latest' ? whom : whom.job);
/** Often the one that was admitted last, so that there is something to go on with; the next one when that has ended. */
const orLatest = fc.oneof(message, fc.constant<Whom>('the latest'), fc.constant<Whom>('the latest'));
function which(whom: Whom, { latest, model }: Both): MessageSpec {
  if (whom !== 'the latest') return whom;
  const live = (spec: MessageSpec): boolean => model.queued(spec) && !model.records.get(spec.id)?.final;
  return [latest, ...MESSAGES].find((spec) => spec && live(spec)) ?? MESSAGES[0]!;
}
const flag = fc.boolean();
/** Mostly the latest of what there is to choose from. */
const pick = fc.oneof(fc.constant(0), fc.constant(0), fc.nat(3));

const admissions = fc
  .record({
    specs: fc.uniqueArray(message, { minLength: 1, maxLength: 3 }),
    late: fc.constantFrom(false, false, true),
  })
  .map(({ specs, late }) =>
    command(
      `admit ${specs.map(({ job }) => job).join(' and ')}${late ? ', told late' : ''}`,
      (both, real) => admit(both, real, specs, late),
      ({ model }) => specs.every((spec) => model.queued(spec)),
    ),
  );

/** As it goes when nothing comes in between. */
const turns = fc
  .record({
    whom: orLatest,
    fate: FATES,
    answerLost: fc.constantFrom(false, false, true),
    variant: fc.nat(2),
  })
  .map(({ whom, fate, answerLost, variant }) =>
    command(
      `deliver ${nameOf(whom)}: ${fate}${answerLost ? ', answer lost' : ''}`,
      async (both, real) => {
        const { books, model } = both;
        const granted = books.flights.length;
        await admit(both, real, [which(whom, both)], false);
        const flight = books.flights[granted];
        if (!flight) return;
        books.write(flight, fate, model.now);
        await settle(both, real, { at: 0, answerLost, variant, twice: false });
      },
      (both) => both.model.queued(which(whom, both)),
    ),
  );

const repetitions = pick.map((at) =>
  command(
    `ask again for grant -${at}`,
    (both, real) => admitAgain(both, real, both.books.unused().at(-1 - at)!),
    ({ books }) => books.unused().length > at,
  ),
);

const lateVerdicts = pick.map((at) =>
  command(
    `tell verdict -${at}`,
    (both, real) => settleVerdict(both, real, at),
    ({ verdicts }) => verdicts.length > at,
  ),
);

const writes = fc.record({ at: pick, fate: FATES }).map(({ at, fate }) =>
  command(
    `write flight -${at}: ${fate}`,
    ({ books, model }) => books.write(books.flights.at(-1 - at)!, fate, model.now),
    ({ books }) => books.flights.length > at,
  ),
);

const settlements = fc.record({ at: pick, answerLost: flag, variant: fc.nat(2), twice: flag }).map((how) =>
  command(
    `settle flight -${how.at}${how.answerLost ? ', answer lost' : ''}${how.twice ? ', twice' : ''} (${how.variant})`,
    (both, real) => settle(both, real, how),
    ({ books, model }) => books.owed(model.now).length > how.at,
  ),
);

const times = fc
  .constantFrom(...SPANS)
  .map((ticks) => command(`${ticks} ticks pass`, (both, real) => elapse(both, real, ticks)));

const plays = fc
  .record({ player: fc.constantFrom(...PLAYERS), ago: fc.constantFrom(0, 200, 500, 600, 2000) })
  .map(({ player, ago }) =>
    command(`${player} played ${ago} ago`, async ({ model }, real) => {
      const play = { recipient: player, at: (await real.store.now()) - time.ms(ago) };
      await recordPlays(real.lab.store, [play], time.ms(time.PLAY_TTL));
      model.play(player, model.now - ago);
    }),
  );

const strangers = fc
  .constantFrom(...PLAYERS)
  .map((player) =>
    command(`somebody else writes to ${player}`, ({ books, model }) => books.foreign(player, model.now)),
  );

const enqueues = fc
  .record({
    spec: fc.constantFrom(...MESSAGES.filter(({ campaign }) => campaign === undefined)),
    over: flag,
    twice: flag,
    doubled: fc.constantFrom(false, false, true),
  })
  .map((how) =>
    command(
      `enqueue ${how.spec.job}${how.over ? ', ended' : ''}${how.twice ? ', twice' : ''}${how.doubled ? ', doubled' : ''}`,
      (both, real) => enqueue(both, real, how),
    ),
  );

/** Often one that has a letter, so that there is something to replay. */
const replays = fc.oneof(message, pick, pick).map((whom) =>
  command(
    `replay ${typeof whom === 'number' ? `letter -${whom}` : whom.job}`,
    async ({ model, books }, { lab, message }) => {
      const spec = typeof whom === 'number' ? withLetter(model, whom)! : whom;
      const record = model.records.get(spec.id);
      const status = await lab.replay(message(spec));
      expect(status, 'what became of the letter').toBe(model.replay(spec));
      // A letter of an earlier life under the name, or of one that is forgotten: it counts its runs on by itself.
      const ownRun = record && !(record.final && record.final.job !== spec.job);
      if (status === 'replayed' && !ownRun) books.newLife(spec.id);
    },
    ({ model }) => typeof whom !== 'number' || withLetter(model, whom) !== undefined,
  ),
);

/** A day after a death its id is free, and the letter is still there: by another job of the id, where there is one. */
const reuses = pick.map((at) =>
  command(
    `enqueue the id of letter -${at} again, a day and a half later`,
    async (both, real) => {
      const { id, job } = withLetter(both.model, at)!;
      const jobs = MESSAGES.filter((spec) => spec.id === id);
      await elapse(both, real, (1.5 * time.DAY) / time.TICK);
      const spec = jobs.find((spec) => spec.job !== job) ?? jobs[0]!;
      await enqueue(both, real, { spec, over: true, twice: false, doubled: false });
    },
    ({ model }) => withLetter(model, at) !== undefined && withLetter(model, at)!.campaign === undefined,
  ),
);

const withLetter = ({ letters }: ModelState, at: number): MessageSpec | undefined =>
  MESSAGES.find(({ job }) => job === [...letters.keys()].at(-1 - at));

const cancels = message.map((spec) =>
  command(`cancel ${spec.id}`, async ({ model, books }, { lab }) => {
    const before = model.ended.length;
    const expected = expectedCancel(model, spec);
    expect(await cancelMessage(lab.store, spec.id), 'cancelled').toBe(expected);
    const [end] = model.ended.slice(before);
    if (end) books.ended(spec, { status: 'first', run: end.run }, end.final, undefined);
  }),
);

const reschedules = fc
  .record({ spec: message, ahead: fc.constantFrom(-30, 120, 320, 1070) })
  .map(({ spec, ahead }) =>
    command(`reschedule ${spec.id} to ${ahead} from now`, async ({ model }, { lab, store }) => {
      const at = (await store.now()) + time.ms(ahead);
      const { status } = await rescheduleMessage(lab.store, spec.id, at);
      expect(status, 'rescheduled').toBe(expectedReschedule(model, spec, model.now + ahead));
    }),
  );

const resume = command('resume', async ({ model }, { lab }) => {
  await resumeChannel(lab.store);
  model.resume();
});

const controls = fc.constantFrom(
  command('pause', async ({ model }, { lab }) => {
    await stopChannel(lab.store, 'paused');
    model.stops.add('paused');
  }),
  ...[resume, resume, resume, resume, resume],
  ...[0, 1].map((opens) =>
    command(`open the breaker after ${opens}`, async ({ model }, { lab }) => {
      const opened = await openBreaker(lab.store, time.ms(time.BREAKER_REST), opens);
      expect(opened, 'whether the breaker opened').toBe(model.open(opens));
    }),
  ),
);

const campaigns = fc
  .constantFrom('pause' as const, 'pause', 'resume', 'resume', 'resume', 'cancel', 'start')
  .map((operation) =>
    command(`${operation} the campaign`, async ({ model: { campaign, now } }, { lab, openedAt }) => {
      const over = campaign.state === 'cancelled';
      if (operation === 'start') {
        const expected = over ? 'cancelled' : 'duplicate';
        const running = now >= CAMPAIGN_LIFE ? 'expired' : 'exists';
        const status = over ? 'cancelled' : running;
        expect(await startCampaign(lab, openedAt)).toEqual([status, expected, expected]);
        return;
      }
      const state = over ? 'cancelled' : STATES[operation];
      const changed = state !== campaign.state;
      campaign.state = state;
      expect(await setCampaignState(lab.store, CAMPAIGN, operation)).toEqual({ state, changed });
    }),
  );
const STATES = { pause: 'paused', resume: 'running', cancel: 'cancelled' } as const;

export const commands: fc.Arbitrary<Iterable<Command>> = fc.commands(
  [
    ...[turns, turns, turns, turns, admissions, admissions, admissions],
    ...[writes, writes, writes, settlements, settlements, settlements],
    ...[enqueues, enqueues, times, times, times, repetitions, lateVerdicts],
    ...[plays, strangers, replays, controls, cancels, reschedules, reschedules],
    ...[campaigns, reuses],
  ],
  { maxCommands: 120, size: 'max' },
);
