import { describe, expect, it } from 'vitest';
import { recordPlays } from '../../src/ledger/lookups.ts';
import { recipientKey } from '../../src/ledger/names.ts';
import { DAY, HOUR, type Lab, MINUTE, openLab, SECOND, UNCONFIRMED, useStore } from './harness.ts';

const store = useStore();
const TWO_WEEKS = 14 * DAY;
const CHECKED = { playedWithin: TWO_WEEKS, playTtl: 2 * TWO_WEEKS };
const INELIGIBLE = { kind: 'ineligible' } as const;

const played = async (lab: Lab, to: string, msAgo = 0): Promise<number> =>
  recordPlays(lab.store, [{ recipient: to, at: (await store.now()) - msAgo }], CHECKED.playTtl);

async function refuse(lab: Lab, to = '32'): Promise<void> {
  const message = lab.message({ to });
  const final = { state: 'suppressed', reason: 'ineligible' } as const;
  await lab.settle(message, await lab.grant(message), 'spent', { refused: true, final });
}

describe('eligibility', () => {
  it('is not checked where the channel does not ask for it', async () => {
    const lab = await openLab(store, { sendWhenUnknown: false });
    await played(lab, '32', 20 * DAY);
    await lab.grant(lab.message());
  });

  it('takes who has played within two weeks, not a moment longer', async () => {
    const lab = await openLab(store, { ...CHECKED, sendWhenUnknown: false });
    await played(lab, '32');
    await lab.elapse(TWO_WEEKS - MINUTE);
    const message = lab.message({ expiresInMs: 30 * DAY });
    await lab.settle(message, await lab.grant(message), 'back');
    await lab.elapse(MINUTE);
    expect(await lab.verdict(message)).toEqual(INELIGIBLE);
  });

  it('knows a lapsed player as lapsed, although unknown players are sent to', async () => {
    const lab = await openLab(store, { ...CHECKED, sendWhenUnknown: true });
    await played(lab, '32', TWO_WEEKS + HOUR);
    expect(await lab.verdict(lab.message({ to: '32' }))).toEqual(INELIGIBLE);
    await lab.grant(lab.message({ to: '33' }));
  });

  it.for([29, 60, 400, 9_000])(
    'knows a play that was %d days ago when it was told',
    async (days, { expect }) => {
      const lab = await openLab(store, { ...CHECKED, sendWhenUnknown: true });
      expect(await played(lab, '32', days * DAY)).toBe(1);
      expect(await lab.verdict(lab.message())).toEqual(INELIGIBLE);
      await lab.elapse(20 * DAY);
      expect(await lab.verdict(lab.message({ expiresInMs: 30 * DAY }))).toEqual(INELIGIBLE);
    },
  );

  it.for([0, -5 * DAY])('knows who last played at %d, as a table writes "never"', async (at, { expect }) => {
    const lab = await openLab(store, { ...CHECKED, sendWhenUnknown: true });
    await recordPlays(lab.store, [{ recipient: '32', at }], CHECKED.playTtl);
    expect(await lab.verdict(lab.message())).toEqual(INELIGIBLE);
    const told = lab.message({ to: '33', lastPlayedMsAgo: await store.now() });
    expect(await lab.verdict(told)).toEqual(INELIGIBLE);
  });

  it('keeps a lapsed play for as long as somebody writes to the player or tells it again', async () => {
    const lab = await openLab(store, { ...CHECKED, sendWhenUnknown: true });
    const at = (await store.now()) - 20 * DAY;
    for (const recipient of ['written', 'told', 'left'])
      await recordPlays(lab.store, [{ recipient, at }], CHECKED.playTtl);
    let passed = 0;
    for (let i = 0; i < 3; i++) {
      await lab.elapse(15 * DAY);
      passed += 15 * DAY;
      const late = { expiresInMs: 100 * DAY };
      expect(await lab.verdict(lab.message({ to: 'written', ...late }))).toEqual(INELIGIBLE);
      const again = { recipient: 'told', at: at - passed };
      expect(await recordPlays(lab.store, [again], CHECKED.playTtl)).toBe(0);
    }
    expect(await lab.verdict(lab.message({ to: 'told', expiresInMs: 100 * DAY }))).toEqual(INELIGIBLE);
    await lab.grant(lab.message({ to: 'left', expiresInMs: 100 * DAY }));
  });

  it('suppresses unknown players where the channel says so', async () => {
    const lab = await openLab(store, { ...CHECKED, sendWhenUnknown: false });
    expect(await lab.verdict(lab.message())).toEqual(INELIGIBLE);
    await played(lab, '32');
    await lab.grant(lab.message());
  });

  it('leaves no trace of an ineligible message on the slot', async () => {
    const lab = await openLab(store, { ...CHECKED, sendWhenUnknown: false });
    const message = lab.message();
    await lab.verdict(message);
    expect(await lab.explain(message)).toMatchObject({ record: null, slot: null });
  });

  it('ends a doubtful message as unconfirmed, not as ineligible', async () => {
    const lab = await openLab(store, { ...CHECKED, resolution: 'resend' });
    const message = lab.message();
    await lab.settle(message, await lab.grant(message), 'doubt', { refused: true });
    expect(await lab.verdict(message)).toEqual({ kind: UNCONFIRMED.reason });
  });
});

describe('a refusal by the platform', () => {
  it('is remembered, so that the player is not called again', async () => {
    const lab = await openLab(store, CHECKED);
    await refuse(lab);
    expect(await lab.verdict(lab.message())).toEqual(INELIGIBLE);
    await lab.elapse(2 * DAY);
    expect(await lab.verdict(lab.message())).toEqual(INELIGIBLE);
    await lab.grant(lab.message({ to: '33' }));
  });

  it('outweighs an older play, and ends with the next', async () => {
    const lab = await openLab(store, CHECKED);
    await played(lab, '32', HOUR);
    await refuse(lab);
    expect(await lab.verdict(lab.message())).toEqual(INELIGIBLE);
    expect(await played(lab, '32', MINUTE)).toBe(0);
    expect(await lab.verdict(lab.message())).toEqual(INELIGIBLE);
    await lab.elapse(HOUR);
    expect(await played(lab, '32')).toBe(1);
    await lab.grant(lab.message());
  });

  it('ends with a later play that the message itself tells of', async () => {
    const lab = await openLab(store, CHECKED);
    await refuse(lab);
    await lab.elapse(2 * HOUR);
    expect(await lab.verdict(lab.message({ lastPlayedMsAgo: HOUR }))).toEqual(INELIGIBLE);
    await lab.grant(lab.message({ lastPlayedMsAgo: -HOUR }));
  });

  it('is renewed while somebody writes to the player, beyond the life of a play', async () => {
    const lab = await openLab(store, CHECKED);
    const patient = lab.message({ expiresInMs: 100 * DAY });
    await refuse(lab);
    for (let i = 0; i < 4; i++) {
      await lab.elapse(15 * DAY);
      expect(await lab.verdict(patient)).toEqual(INELIGIBLE);
    }
  });

  it('stays as old as it is when it is renewed: a play since that is told later ends it', async () => {
    const lab = await openLab(store, CHECKED);
    await refuse(lab);
    await lab.elapse(15 * DAY);
    expect(await lab.verdict(lab.message({ expiresInMs: 30 * DAY }))).toEqual(INELIGIBLE);
    expect(await played(lab, '32', HOUR)).toBe(1);
    await lab.grant(lab.message({ expiresInMs: 30 * DAY }));
  });

  it('is forgotten when nobody does, and the platform may decide again', async () => {
    const lab = await openLab(store, CHECKED);
    await refuse(lab);
    await lab.elapse(28 * DAY);
    await lab.grant(lab.message({ expiresInMs: 100 * DAY }));
  });
});

describe('plays', () => {
  it('in the message count like recorded ones, the later of the two', async () => {
    const lab = await openLab(store, { ...CHECKED, sendWhenUnknown: false });
    expect(await lab.verdict(lab.message({ lastPlayedMsAgo: TWO_WEEKS + SECOND }))).toEqual(INELIGIBLE);
    const granted = lab.message({ lastPlayedMsAgo: DAY });
    await lab.settle(granted, await lab.grant(granted), 'back');
    await played(lab, '32', DAY);
    await lab.grant(lab.message({ lastPlayedMsAgo: TWO_WEEKS + SECOND }));
  });

  it('in the future count as now: they buy no time', async () => {
    const lab = await openLab(store, { ...CHECKED, sendWhenUnknown: false });
    await played(lab, '32', -DAY);
    await lab.elapse(TWO_WEEKS);
    expect(await lab.verdict(lab.message({ expiresInMs: 30 * DAY }))).toEqual(INELIGIBLE);
  });

  it('are counted as news only when they are later than what was known', async () => {
    const lab = await openLab(store, CHECKED);
    expect(await played(lab, '32', HOUR)).toBe(1);
    expect(await played(lab, '32', 2 * HOUR)).toBe(0);
    expect(await played(lab, '32', MINUTE)).toBe(1);
    const { play, now } = await lab.explain(lab.message({ to: '32' }));
    expect(play).toMatchObject({ kind: 'p' });
    expect(Math.abs(now - play!.at - MINUTE)).toBeLessThan(SECOND);
  });

  it('are kept for recipients with long names, too', async () => {
    const lab = await openLab(store, { ...CHECKED, sendWhenUnknown: false });
    const to = 'somebody-with-a-very-long-address@an-even-longer-domain.example';
    expect(recipientKey(to).length).toBeLessThan(to.length);
    await played(lab, to);
    await lab.grant(lab.message({ to }));
    expect(await lab.verdict(lab.message({ to: `${to}x` }))).toEqual(INELIGIBLE);
  });
});
