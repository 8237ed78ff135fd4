import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { renderTable } from '../../src/cli/table.ts';

const STATUS = {
  head: [
    'channel',
    'ready',
    'active',
    'scheduled',
    'waiting for slot',
    'retrying',
    'dead',
    'oldest',
    'workers',
  ],
  rows: [['kongregate', '1234567', '20', '3', '99', '0', '12', '3m', '2']],
  right: [false, true, true, true, true, true, true, false, true],
};
const DOCTOR = {
  head: ['check', 'level', 'finding'],
  rows: [
    [
      'persistence',
      'warning',
      'AOF synced every second: a power loss may lose the last second; set appendfsync to always.',
    ],
    ['channel kongregate', 'ok', `served at https://example.com/${'a-very-long-path/'.repeat(9)}.`],
    ['channel 世界', 'failed', '世界'.repeat(60)],
  ],
  right: [false, false, false],
};
const NAMED = {
  ...STATUS,
  rows: [['a'.repeat(64), ...STATUS.rows[0]!.slice(1)]],
};

const widest = (text: string): number => Math.max(...text.split('\n').map((line) => stringWidth(line)));
/** Wrapping moves white space, and takes nothing away. */
const letters = (text: string): string => [...text.replace(/\s/g, '')].sort().join('');

describe.each([60, 80, 100, 120])('at %d columns', (width) => {
  it.each([
    ['status', STATUS],
    ['doctor', DOCTOR],
    ['a long name', NAMED],
  ])('fits: %s', (_, table) => {
    const text = renderTable(table, width);
    expect(widest(text)).toBeLessThanOrEqual(width);
    expect(text).not.toContain('…');
    expect(text).not.toMatch(/[─│┼]/);
    expect(letters(text)).toBe(letters([table.head, ...table.rows].flat().join('')));
  });
});

it('keeps the columns of status side by side at 80', () => {
  expect(renderTable(STATUS, 80).split('\n')[0]).toMatch(/^channel .* workers$/);
});

it('tells a row as a block where the words do not fit side by side', () => {
  const rows = [STATUS.rows[0]!, STATUS.rows[0]!];
  const text = renderTable({ ...STATUS, rows }, 40);
  expect(text.split('\n\n')).toHaveLength(2);
  expect(text).toMatch(/^channel +kongregate$/m);
  expect(text).toMatch(/^waiting for slot +99$/m);
});

it('wraps nothing where no terminal is', () => {
  const lines = renderTable(DOCTOR).split('\n');
  expect(lines).toHaveLength(4);
  expect(lines[2]).toContain(DOCTOR.rows[1]![2]);
});
