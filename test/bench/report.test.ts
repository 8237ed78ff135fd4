import { describe, expect, it } from 'vitest';
import { renderReport, reportTable } from '../../bench/report.ts';
import type { Table } from '../../bench/tables/table.ts';

const row = (name: string) => ({ name, title: `the ${name}`, measure: async () => ({}) });
const table: Table = {
  name: 'speed',
  title: 'Speed',
  columns: [
    { name: 'perSecond', title: 'messages/s', digits: 0 },
    { name: 'cpu', title: 'CPU s', digits: 2 },
  ],
  unit: { row: 'unit', column: 'perSecond' },
  rows: [row('unit'), row('other'), { ...row('absent'), leftOut: 'no store here' }],
};
const rounds = new Map([
  ['unit', [1_000, 2_000, 1_500].map((perSecond) => ({ perSecond, cpu: 1 }))],
  ['other', [1_500, 4_000, 1_500].map((perSecond) => ({ perSecond, cpu: Number.NaN }))],
]);

describe('a table of the report', () => {
  const report = reportTable(table, rounds);

  it('has medians and extremes, and the ratio to the unit of the same round', () => {
    expect(report.rows[0]).toMatchObject({
      figures: { perSecond: { median: 1_500, min: 1_000, max: 2_000 } },
    });
    expect(report.rows[1]).toMatchObject({ ratio: { median: 1.5, min: 1, max: 2 } });
  });

  it('leaves out what could not be told, and says why', () => {
    expect(report.rows[1]!.figures).not.toHaveProperty('cpu');
    expect(report.rows[2]).toMatchObject({ leftOut: 'no store here', figures: {}, ratio: undefined });
  });

  it('is written in Markdown', () => {
    const machine = { cpu: 'Some CPU', cores: 2, memoryGb: 8, load: 0, node: '20.20.2', redis: '7.0.15' };
    const scale = { rounds: 3, messages: 20_000, paceSeconds: 1, growth: [] };
    const text = renderReport({ machine, scale, tables: [report] });
    expect(text.slice(text.indexOf('###'))).toBe(`### Speed

|                                     |          messages/s | CPU s |            ratio |
| ----------------------------------- | ------------------: | ----: | ---------------: |
| the unit                            | 1,500 (1,000–2,000) |  1.00 |             1.00 |
| the other                           | 1,500 (1,500–4,000) |     – | 1.50 (1.00–2.00) |
| the absent: left out, no store here |                   – |     – |                – |
`);
  });
});
