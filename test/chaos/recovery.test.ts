import { describe, expect, it } from 'vitest';
import { createRecovery } from '../../chaos/recovery.ts';
import { recoveredWithinMs } from '../../chaos/report.ts';

const underWay = (...names: string[]) =>
  names.map((name) => ({ job: `job ${name}`, carrier: `job ${name}`, message: name }));
const never = (): undefined => undefined;

describe('the recovery after a kill', () => {
  it('lasts until the last of its messages was taken up again', () => {
    const recovery = createRecovery();
    recovery.killed(1_000, underWay('a', 'b'));
    recovery.taken(4_000, 'job a');
    recovery.taken(9_000, 'job b');
    recovery.taken(20_000, 'job b');
    expect(recovery.figures(never)).toMatchObject({
      kills: 1,
      messages: 2,
      p50: 8_000,
      max: 8_000,
      never: [],
    });
  });

  it('or until they were final, which may have been before the kill', () => {
    const recovery = createRecovery();
    recovery.killed(1_000, underWay('a', 'b'));
    recovery.taken(9_000, 'job a');
    const finals: Record<string, number> = { a: 900, b: 3_000 };
    expect(recovery.figures((message) => finals[message])).toMatchObject({ max: 2_000, never: [] });
  });

  it('does not count the time in which Redis was away, and tells it apart', () => {
    const recovery = createRecovery();
    recovery.killed(1_000, underWay('a'));
    recovery.away(500, 3_000);
    recovery.taken(6_000, 'job a');
    expect(recovery.figures(never)).toMatchObject({ max: 3_000, maxWithOutages: 5_000 });
  });

  it('counts no time twice in which Redis was away and a queue paused, and a pause only for its own channel', () => {
    const recovery = createRecovery();
    recovery.killed(1_000, underWay('staff a', 'chat b'));
    recovery.away(2_000, 5_000);
    recovery.away(3_000, 8_000, 'staff');
    recovery.taken(9_000, 'job staff a');
    recovery.taken(6_500, 'job chat b');
    // 6 s of the first one's 8 s, 3 s of the other's 5.5 s.
    expect(recovery.figures(never)).toMatchObject({ max: 2_500, slowest: 'chat b' });
  });

  it('ends when the queue gave them to another worker, and tells apart when that one was at work', () => {
    const recovery = createRecovery();
    recovery.killed(1_000, underWay('a'));
    recovery.given(900, 'job a');
    recovery.given(5_000, 'job a');
    recovery.taken(21_000, 'job a');
    expect(recovery.figures(never)).toMatchObject({ max: 4_000, maxAtWork: 20_000, slowest: 'a' });
  });

  it('ends for a message of a job of many when the queue gave away the job that carried it', () => {
    const recovery = createRecovery();
    recovery.killed(1_000, [{ job: 'staff e2:1', carrier: 'staff e2', message: 'a' }]);
    recovery.given(5_000, 'staff e2');
    recovery.taken(6_000, 'staff e2:1');
    expect(recovery.figures(never)).toMatchObject({ max: 4_000, maxAtWork: 5_000 });
  });

  it('names the messages that never came back', () => {
    const recovery = createRecovery();
    recovery.killed(1_000, underWay('a', 'b'));
    recovery.taken(2_000, 'job b');
    expect(recovery.figures(never).never).toEqual(['a']);
  });

  it('leaves out kills that hit nothing', () => {
    const recovery = createRecovery();
    recovery.killed(1_000, []);
    expect(recovery.figures(never)).toMatchObject({ kills: 0, max: 0 });
  });
});

it('may take 25 s on an idle machine, of which the 19 s until a job is looked for are the same on a busy one', () => {
  expect(recoveredWithinMs({ slowness: 1 })).toBe(25_000);
  expect(recoveredWithinMs({ slowness: 3 })).toBe(37_000);
});
