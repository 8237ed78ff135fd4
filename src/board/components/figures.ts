import { type Html, html, type Piece } from '../html.ts';

export interface Figure {
  name: string;
  value: Piece;
  /** What it is measured against, or since when. */
  note?: Piece;
}

/** The key figures of a screen, in large print. */
export const figures = (all: readonly Figure[]): Html =>
  html`<dl class="figures">${all.map(
    ({ name, value, note }) =>
      html`<div><dt>${name}</dt><dd class="large">${value}</dd>${note ? html`<dd class="muted">${note}</dd>` : ''}</div>`,
  )}</dl>`;

/** How much of something is done; the figures stand beside it in text. */
export const progress = (done: number, total: number, label: string): Html =>
  html`<progress max="${Math.max(1, total)}" value="${done}" aria-label="${label}"></progress>`;
