import markdownIt from 'markdown-it';
import { outline, type Rules } from './meaning.ts';

/**
 * What a content means by CommonMark, as markdown-it reads it, and by Herald's own rules: HTML is words, but for a
 * comment, which is left out, and `<br>`, which breaks the line.
 */
export interface MeaningOptions extends Rules {
  /** Whether a line's end within a paragraph breaks the line: the chat platforms show lines as they were typed. */
  lines: boolean;
}

export function meaningOf(markdown: string, options: MeaningOptions): string {
  return outline(sourceHtml(markdown, options.lines), options);
}

export const sourceHtml = (markdown: string, lines: boolean): string =>
  (lines ? byLines : bySpec).render(markdown);

type Reader = ReturnType<typeof markdownIt>;

const bySpec = reader(false);
const byLines = reader(true);

function reader(breaks: boolean): Reader {
  const md = markdownIt('commonmark', { breaks });
  // Whether an address is good for a platform is asked later.
  md.validateLink = () => true;
  md.renderer.rules['html_inline'] = (tokens, index) => words(md, tokens[index]?.content ?? '');
  md.renderer.rules['html_block'] = (tokens, index) => `<p>${words(md, tokens[index]?.content ?? '')}</p>\n`;
  // A line's end may be written as a reference.
  md.renderer.rules['text'] = (tokens, index) => {
    const text = md.utils.escapeHtml(tokens[index]?.content ?? '');
    return breaks ? text.replaceAll('\n', '<br>') : text;
  };
  return md;
}

function words(md: Reader, html: string): string {
  const shown = html.replace(/<!--(?:>|->|.*?-->)/gs, '').replace(/<br\s*\/?>/gi, '\u0001');
  const escaped = md.utils.escapeHtml(shown).replaceAll('\u0001', '<br>');
  return escaped.trim().replaceAll('\n', '<br>');
}
