import { type Html, html } from '../html.ts';

/** A state, shown by a shape and a word, and only then by a colour. */
export type Tone = 'good' | 'note' | 'warn' | 'bad' | 'idle';

/** One shape a tone, told apart without colour: a tick, an i, a triangle, a cross and a ring. */
const SHAPES: Readonly<Record<Tone, Html>> = {
  good: html`<circle cx="8" cy="8" r="7" /><path class="ink" d="M4.8 8.3l2.2 2.2 4.2-4.7" />`,
  note: html`<circle cx="8" cy="8" r="7" /><path class="ink" d="M8 7.4v3.8M8 4.7v.2" />`,
  warn: html`<path d="M8 1.2l7.2 13.3H.8z" /><path class="ink" d="M8 6v4M8 12v.2" />`,
  bad: html`<path d="M5 1h6l4 4v6l-4 4H5l-4-4V5z" /><path class="ink" d="M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8" />`,
  idle: html`<circle class="ring" cx="8" cy="8" r="6" /><path class="ring" d="M5.2 8h5.6" />`,
};

export const icon = (tone: Tone): Html =>
  html`<svg class="icon ${tone}" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">${SHAPES[tone]}</svg>`;

export const state = (tone: Tone, word: string): Html =>
  html`<span class="state ${tone}">${icon(tone)}<span>${word}</span></span>`;
