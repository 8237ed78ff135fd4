import { html as tagged } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';

/** Markup written in this folder. Everything from elsewhere is a string or a number, and is escaped when it is inserted. */
export type Html = HtmlEscapedString;

/** What a template may contain. No other objects: one that was read from JSON could claim to be escaped already. */
export type Piece = string | number | Html | false | null | undefined | readonly Piece[];

/** Escapes every value, in text and in attributes, which are always quoted. There is no way around it: `raw` is not used here. */
export const html = (strings: TemplateStringsArray, ...pieces: readonly Piece[]): Html =>
  // Synchronous, since no value is a promise.
  tagged(strings, ...pieces) as Html;
