import type { OperatedStore } from '../../channels/installation.ts';
import { codePoints } from '../../content/limits.ts';
import type { Delivery } from '../../jobs/envelope.ts';
import { renderedOrProblem } from '../../message/fit.ts';
import { problemText } from '../../message/problems.ts';
import type { AnyMessage } from '../../message/schema.ts';

/** What a waiting message will say. Confidential: only for people who may see the content of messages. */
export interface ExplainedContent {
  /** `rendered`: as the platform would get it now. `source`: as it was enqueued, with its placeholders. */
  kind: 'rendered' | 'source';
  /** Only the beginning of a long text. */
  text: string;
  /** The length of the whole text, in characters. */
  length: number;
  /**
   * Why the source is shown: the values in its data may name the recipient, whom the channel does not disclose; it is too large to be
   * rendered for display; or it cannot be rendered, for a reason that never quotes it. Null if it is rendered.
   */
  because: 'undisclosed' | 'size' | { problem: string } | null;
  /** The platform's own fields, such as a title, as they were enqueued. */
  fields: Record<string, unknown>;
}

/** Rendering this much takes some milliseconds, and a screen is refreshed every few seconds. */
const MOST_RENDERED = 16 * 1024;
const MOST_SHOWN = 16 * 1024;

export function explainContent(
  delivery: Delivery,
  { reading, announced, configured }: OperatedStore,
): ExplainedContent | null {
  if (!reading) return null;
  const message: AnyMessage = delivery.message;
  const { definition, channel } = reading;
  const own = Object.keys(definition.messageShape).filter((name) => name !== 'to');
  const shown = (kind: ExplainedContent['kind'], text: string, because: ExplainedContent['because']) => ({
    ...{ kind, because, text: beginning(text), length: codePoints(text) },
    fields: Object.fromEntries(Object.entries(message).filter(([name]) => own.includes(name))),
  });
  const { content, data = {} } = message;
  const values = Object.keys(data).length > 0;
  if (values && channel.discloseRecipients !== true) return shown('source', content, 'undisclosed');
  if (content.length + (values ? JSON.stringify(data).length : 0) > MOST_RENDERED)
    return shown('source', content, 'size');
  const rendered = render(() =>
    definition.render(delivery.message, announced?.settings ?? configured?.settings),
  );
  return 'problem' in rendered ? shown('source', content, rendered) : shown('rendered', rendered.text, null);
}

/** Errors of a custom platform are not shown, since they may quote the content. */
function render(content: () => string): { text: string } | { problem: string } {
  try {
    const rendered = renderedOrProblem(content);
    return typeof rendered === 'string' ? { text: rendered } : { problem: problemText(rendered) };
  } catch {
    return { problem: 'the platform’s definition failed' };
  }
}

/** Cuts a long text, but not within a surrogate pair. */
const beginning = (text: string): string =>
  text.length > MOST_SHOWN ? text.slice(0, MOST_SHOWN).replace(/[\uD800-\uDBFF]$/, '') : text;
