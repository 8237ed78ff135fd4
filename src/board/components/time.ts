import { type Html, html } from '../html.ts';
import { absolute, duration, iso, relative } from '../words.ts';

/** How long ago, or in how long; the instant itself shows on hover, and is read by machines. */
export const when = (at: number, now: number): Html =>
  html`<time datetime="${iso(at)}" title="${absolute(at)}">${relative(at, now)}</time>`;

/** The instant itself; how long ago shows on hover. */
export const instant = (at: number, now: number): Html =>
  html`<time datetime="${iso(at)}" title="${relative(at, now)}">${absolute(at)}</time>`;

/** `12 min`, of what has lasted since then. */
const span = (since: number, now: number): Html =>
  html`<time datetime="${iso(since)}" title="since ${absolute(since)}">${duration(Math.max(0, now - since))}</time>`;

/** `for 12 min`. */
export const lasting = (since: number, now: number): Html => html`for ${span(since, now)}`;

/** `oldest 12 min`. @param seconds its age */
export const oldest = (seconds: number, now: number): Html => html`oldest ${span(now - seconds * 1000, now)}`;

const ISO = /(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z)/;

/** A sentence of the admin: commands in it stand between backticks, and instants in ISO 8601. */
export const sentence = (text: string, now: number): Html =>
  html`${text.split('`').map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : withInstants(part, now)))}`;

const withInstants = (text: string, now: number): (Html | string)[] =>
  text.split(ISO).map((part, i) => (i % 2 === 1 ? instant(Date.parse(part), now) : part));
