import { html as tagged } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';

/** Markup that this folder wrote. Whatever comes from elsewhere is a string or a number, and is escaped when it is put into it. */
export type Html = HtmlEscapedString;

/** What may stand in a template. No objects: one that was read from JSON could claim to be escaped already. */
export type Piece = string | number | Html | false | null | undefined | readonly Piece[];

/** Escapes every value, in text and in attributes, which are always quoted. There is no way around it: `raw` is not used here. */
export const html = (strings: TemplateStringsArray, ...pieces: readonly Piece[]): Html =>
  // Without promises among the values it answers at once.
  tagged(strings, ...pieces) as Html;
