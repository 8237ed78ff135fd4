import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type ProgressOptions, rateText, startProgress } from '../../src/cli/progress.ts';

function at(options: Partial<ProgressOptions> & { terminal?: boolean }) {
  let text = '';
  let now = 0;
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  const progress = startProgress({
    stream: Object.assign(stream, options.terminal ? { isTTY: true, columns: 100 } : {}),
    clock: { monotonic: () => now },
    noun: 'dead letters',
    total: 500,
    ...options,
  });
  return {
    progress,
    text: () => text,
    step(ms: number, value: number) {
      now += ms;
      progress.update(value, value);
    },
  };
}

describe('progress', () => {
  it.each([
    [500, 500, '5%  25 dead letters'],
    [1_000, 500, '5%  25 dead letters, 25/s, 19s left'],
    [2_000, undefined, '25 dead letters, 13/s'],
  ])('tells after %d ms of a total of %s: %s', (elapsedMs, total, expected) => {
    const { step, text, progress } = at({ terminal: true, total });
    step(elapsedMs, 25);
    // The bar is drawn in turns of its own, and once more at its end.
    progress.stop();
    expect(text()).toContain(`${expected}\u001b[0K`);
  });

  it('writes a line every ten seconds where no terminal is, if that is wanted', () => {
    const { step, text } = at({ lines: true });
    for (let second = 1; second <= 25; second += 1) step(1_000, second * 10);
    expect(text()).toBe(
      'herald: 100 dead letters (20%), 10/s, 40s left\nherald: 200 dead letters (40%), 10/s, 30s left\n',
    );
    const quiet = at({});
    quiet.step(20_000, 20);
    expect(quiet.text()).toBe('');
  });

  it.each([
    [123.4, '123/s'],
    [2.25, '2.3/s'],
    [0.5, '30.0/m'],
  ])('writes %d a second as %s', (perSecond, text) => expect(rateText(perSecond)).toBe(text));
});
