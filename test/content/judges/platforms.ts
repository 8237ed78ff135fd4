import markdownIt from 'markdown-it';
import { discourseDialect } from '../../../src/content/dialects/discourse.ts';
import { htmlDialect } from '../../../src/content/dialects/html.ts';
import { zulipDialect } from '../../../src/content/dialects/zulip.ts';
import type { Dialect } from '../../../src/content/render.ts';
import { outline } from './meaning.ts';
import type { MeaningOptions } from './source.ts';
import { zulipHtml } from './zulip.ts';

export interface Platform extends MeaningOptions {
  dialect: Dialect;
  /** The outline of what the platform shows for a body. */
  reads(body: string): string;
  takesAddress(url: string): boolean;
}

/** Discourse's engine, with its settings as they come: HTML, lines, and addresses among words. */
export const discourse = markdownIt({ html: true, breaks: true, linkify: true });

const hasScheme = (url: string): boolean => /^[^/?#]*:/.test(url);
const isCommon = (url: string): boolean => /^(?:https?:\/\/|mailto:)/i.test(url);

export const PLATFORMS: Readonly<Record<'Discourse' | 'User.com' | 'Zulip', Platform>> = {
  Discourse: {
    dialect: discourseDialect,
    reads: (body) => outline(discourse.render(body)),
    lines: true,
    // markdown-it shows the source of a link to `javascript:` and its likes.
    takesAddress: (url) => url !== '' && discourse.validateLink(url),
  },
  'User.com': {
    dialect: htmlDialect,
    reads: (body) => outline(body),
    lines: false,
    // A relative address leads nowhere, `javascript:` leads astray.
    takesAddress: isCommon,
  },
  Zulip: {
    dialect: zulipDialect,
    reads: (body) => outline(zulipHtml(body)),
    lines: true,
    // The label of a link is plain text, images are previews of links, other schemes are refused (`sanitize_url`).
    plainLabels: true,
    imagesAreLinks: true,
    takesAddress: (url) => url !== '' && (isCommon(url) || !hasScheme(url)),
  },
};
