import { ContentError, type RenderableMessage } from './content.ts';
import { parseContent } from './parse.ts';
import { isSimpleText } from './simple-text.ts';
import { type EncodeValue, fill, readTemplate, readValues } from './template.ts';
import { type ContentNode, type ContentRoot, fillTree } from './tree.ts';

/** How one platform writes Markdown. One file each. */
export interface Dialect {
  /** Leaves the places of values open if there is an `escapeValue`. */
  render(root: ContentRoot): string;
  /**
   * Makes a value harmless at its place, in rendered and native content: it adds no mark, mention, link or command, and completes none
   * that was begun before it. Absent if the platform documents no escapes: values are then ordinary words, and native content cannot
   * have any.
   */
  escapeValue?: EncodeValue;
}

/** A function for each kind of node, so that a forgotten one does not compile. `C` is the context that a dialect passes down. */
export type Visitor<C> = {
  [T in ContentNode['type']]: (node: Extract<ContentNode, { type: T }>, context: C) => string;
};

export function visit<C>(visitor: Visitor<C>, node: ContentNode, context: C): string {
  return (visitor[node.type] as (node: ContentNode, context: C) => string)(node, context);
}

/**
 * A message's body in the platform's dialect. Pure. Throws ContentError for refused template syntax, for a placeholder
 * without a value, for data where values cannot be made harmless, and for content that leaves nothing to send.
 */
export function renderContent(message: RenderableMessage, dialect: Dialect): string {
  const body =
    message.format === 'native' ? renderNative(message, dialect) : renderMarkdown(message, dialect);
  if (body.trim() === '') throw new ContentError('content', 'is empty once it is rendered');
  // A lone surrogate is not valid text: some JSON parsers refuse the whole body for it. NUL is refused by databases.
  return body.toWellFormed().replaceAll('\0', '\uFFFD');
}

/**
 * Throws what `renderContent` throws. Most contents are a few paragraphs of words without placeholders, which need not be rendered to
 * know that they can be.
 */
export function checkContent(message: RenderableMessage, dialect: Dialect): void {
  const { content, format } = message;
  if (format !== 'native' && !content.includes('{') && isSimpleText(content)) return;
  renderContent(message, dialect);
}

function renderMarkdown({ content, data }: RenderableMessage, { render, escapeValue }: Dialect): string {
  const { root, paths, plain } = parseContent(content);
  if (plain) return render(root as ContentRoot);
  const values = readValues(paths, data);
  if (escapeValue === undefined) return render(fillTree(root, values, 'filled'));
  return fill(render(fillTree(root, values, 'open')), values, escapeValue);
}

function renderNative({ content, data }: RenderableMessage, { escapeValue }: Dialect): string {
  if (data === undefined) return content;
  if (escapeValue === undefined) {
    throw new ContentError('data', 'cannot be used with native content on this platform: it has no escaping');
  }
  const template = readTemplate(content);
  return fill(template.text, readValues(template.paths, data), escapeValue);
}
