import type { Report, RowReport } from './report.ts';

/** The bars of one table as an SVG picture, of which each says its figure; readable on light and dark pages. */

const WIDTH = 760;
const LABELS = 330;
const FIGURES = 90;
const ROW = 26;
const BAR = 16;
const MARGIN = 12;

/** Undefined where nothing of the table was compared with its unit. */
export function drawRatios({ tables, machine, scale }: Report, table: string): string | undefined {
  const chosen = tables.find(({ name }) => name === table);
  const rows = chosen?.rows.filter(({ ratio }) => ratio !== undefined) ?? [];
  if (chosen === undefined || rows.length === 0) return undefined;
  const longest = Math.max(...rows.map(ratioOf));
  const height = (rows.length + 2) * ROW + 2 * MARGIN;
  const under = `Ratios of messages a second, medians of ${scale.rounds} rounds of ${scale.messages.toLocaleString('en')}; ${machine.cores} cores, Node ${machine.node}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" font-family="system-ui, sans-serif" font-size="13">`,
    `<title>${escaped(chosen.title)}</title>`,
    '<style>text { fill: #24292f } .unit { fill: #8b949e } .own { fill: #2f81f7 } @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } }</style>',
    text(MARGIN, 0, chosen.title, ' font-weight="600"'),
    ...rows.flatMap((row, i) => bar(row, i + 1, longest)),
    text(MARGIN, rows.length + 1, under, ' font-size="11"'),
    '</svg>\n',
  ].join('\n');
}

const ratioOf = ({ ratio }: RowReport): number => ratio?.median ?? 0;

function bar(row: RowReport, line: number, longest: number): string[] {
  const ratio = ratioOf(row);
  const width = ((WIDTH - LABELS - FIGURES) * ratio) / longest;
  const kind = row.title.startsWith('Herald') ? 'own' : 'unit';
  const top = MARGIN + line * ROW + (ROW - BAR) / 2;
  return [
    text(MARGIN, line, row.title.replaceAll('`', '')),
    `<rect class="${kind}" x="${LABELS}" y="${top}" width="${width.toFixed(1)}" height="${BAR}" rx="2"/>`,
    text(LABELS + width + 6, line, ratio.toFixed(2)),
  ];
}

const text = (x: number, line: number, words: string, more = ''): string =>
  `<text x="${x.toFixed(1)}" y="${MARGIN + line * ROW + ROW / 2 + 4}"${more}>${escaped(words)}</text>`;

const escaped = (words: string): string =>
  words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
