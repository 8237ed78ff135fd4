import { describe, expect, it } from 'vitest';
import { type PlayLine, playedAt, readPlays } from '../../../src/cli/input/plays.ts';
import type { Entry } from '../../../src/lines.ts';

const AT = '2026-01-31T12:00:00Z';
const at = new Date(AT);

async function read(...values: string[]): Promise<Entry<PlayLine>[]> {
  async function* lines(): AsyncGenerator<Entry<string>> {
    for (const [i, value] of values.entries()) yield { line: i + 1, value };
  }
  const entries = [];
  for await (const entry of readPlays(lines())) entries.push(entry);
  return entries;
}

describe('CSV', () => {
  it('reads user ids', async () => {
    expect(await read('userId,at', `32,${AT}`, `33, ${at.getTime()}`)).toEqual([
      { line: 2, value: { to: { userId: 32 }, at } },
      { line: 3, value: { to: { userId: 33 }, at } },
    ]);
  });

  it('finds its columns by name, whatever their order, case and company', async () => {
    expect(await read('AT,game,UserName', `${AT},chess,ada`)).toEqual([
      { line: 2, value: { to: { username: 'ada' }, at } },
    ]);
  });

  it('takes digits for a user id where the column does not say', async () => {
    expect(await read('recipient,at', `32,${AT}`, `ada,${AT}`)).toEqual([
      { line: 2, value: { to: { userId: 32 }, at } },
      { line: 3, value: { to: { username: 'ada' }, at } },
    ]);
  });

  it('reads quoted fields', async () => {
    expect(await read('"username","note","at"', `"ada","plays, and ""how""",${AT}`)).toEqual([
      { line: 2, value: { to: { username: 'ada' }, at } },
    ]);
  });

  it('tells bad lines by their number and reads the rest', async () => {
    const rows = [`x,${AT}`, '32', `0,${AT}`, '32,yesterday', `"32,${AT}`, `,${AT}`, `32,${AT}`];
    expect(await read('userId,at', ...rows)).toEqual([
      { line: 2, problem: 'userId: expected a positive whole number' },
      { line: 3, problem: 'at: is missing' },
      { line: 4, value: { to: { userId: 0 }, at } },
      { line: 5, problem: expect.stringMatching(/^at: expected an ISO instant/) },
      { line: 6, problem: 'misplaced quote' },
      { line: 7, problem: 'userId: is missing' },
      { line: 8, value: { to: { userId: 32 }, at } },
    ]);
  });

  it.each(['32,2026-01-31T12:00:00Z', 'userId', 'at', 'userId,username,at', ''])(
    'stops at a header that is none: %s',
    async (header) => {
      const entries = await read(header, `32,${AT}`, `33,${AT}`);
      expect(entries).toEqual([{ line: 1, problem: expect.stringContaining('expected a header') }]);
    },
  );
});

describe('NDJSON', () => {
  it('reads flat objects and the shape of the producer', async () => {
    expect(
      await read(
        `{"userId":32,"at":"${AT}"}`,
        `{"to":{"username":"ada"},"at":${at.getTime()}}`,
        `{"recipient":"33","at":"${AT}"}`,
      ),
    ).toEqual([
      { line: 1, value: { to: { userId: 32 }, at } },
      { line: 2, value: { to: { username: 'ada' }, at } },
      { line: 3, value: { to: { userId: 33 }, at } },
    ]);
  });

  it('tells bad lines by their number', async () => {
    const problems = await read(
      '{}',
      '[1]',
      'x',
      '{"userId":{},"at":1}',
      `{"userId":1,"username":"a","at":"${AT}"}`,
    );
    expect(problems).toEqual([
      { line: 1, problem: 'expected to, or one of userId, username, recipient' },
      { line: 2, problem: 'expected an object' },
      { line: 3, problem: expect.stringMatching(/^not valid JSON/) },
      { line: 4, problem: 'userId: expected a positive whole number' },
      { line: 5, problem: 'expected to, or one of userId, username, recipient' },
    ]);
  });
});

describe('playedAt', () => {
  it.each([AT, '2026-01-31T13:00:00+01:00', '2026-01-31T12:00Z', String(at.getTime()), at.getTime()])(
    'reads %s',
    (input) => expect(playedAt(input)).toEqual({ value: at }),
  );

  it.each([
    ['2026-01-31', 'expected an ISO instant'],
    ['2026-01-31T12:00:00', 'expected an ISO instant'],
    ['2026-13-31T12:00:00Z', 'expected an ISO instant'],
    [1769860800, 'milliseconds, not seconds'],
    [1769860800.25, 'milliseconds, not seconds'],
    [0, 'milliseconds, not seconds'],
    [Number.NaN, 'expected an ISO instant'],
    [{}, 'expected an ISO instant'],
    [undefined, 'is missing'],
    ['', 'is missing'],
  ])('refuses %s', (input, why) =>
    expect(playedAt(input)).toEqual({ problem: expect.stringContaining(why) }),
  );
});
