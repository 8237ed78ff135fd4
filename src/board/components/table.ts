import { type Html, html, type Piece } from '../html.ts';

/** A table that becomes a list of cards where the screen is narrow: each cell then names its column. */

export interface Column<T> {
  head: string;
  cell: (row: T) => Piece;
  /** Figures are set flush right. */
  figure?: boolean;
}

/**
 * @param caption what it lists, for screen readers
 * @param kind `dense` for short values: two stand side by side on a card
 */
export function table<T>(
  caption: string,
  columns: readonly Column<T>[],
  rows: readonly T[],
  kind: 'dense' | '' = '',
): Html {
  return html`<table class="cards ${kind}">
    <caption class="unseen">${caption}</caption>
    <thead><tr>${columns.map(({ head, figure }) => html`<th scope="col" class="${figure ? 'figure' : ''}">${head}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr>${columns.map((column, i) => cellOf(column, row, i === 0))}</tr>`)}</tbody>
  </table>`;
}

function cellOf<T>({ head, cell, figure }: Column<T>, row: T, first: boolean): Html {
  const kind = figure ? 'figure' : '';
  if (first) return html`<th scope="row" class="${kind}"><div class="value">${cell(row)}</div></th>`;
  return html`<td class="${kind}" data-head="${head}"><div class="value">${cell(row)}</div></td>`;
}

/** In place of a table without rows. */
export const empty = (text: string): Html => html`<p class="empty">${text}</p>`;

/** Names and values of one thing. */
export const facts = (rows: readonly (readonly [name: string, value: Piece] | false)[]): Html =>
  html`<dl class="facts">${rows.flatMap((row) => (row ? [html`<div><dt>${row[0]}</dt><dd>${row[1]}</dd></div>`] : []))}</dl>`;
