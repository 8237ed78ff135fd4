import { type Html, html } from '../html.ts';
import { to } from '../links.ts';

/** The names of channels in a row, each leading to its screen. */
export const channelLinks = (names: readonly string[]): Html =>
  html`${names.map((name, i) => html`${i > 0 && ', '}<a href="${to.channel(name)}">${name}</a>`)}`;
