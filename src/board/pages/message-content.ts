import type { ExplainedContent } from '../../admin/explain/explained-content.ts';
import { icon } from '../components/state.ts';
import { empty, facts } from '../components/table.ts';
import { type Html, html, type Piece } from '../html.ts';
import type { Visit } from '../screen.ts';
import { compact, counted } from '../words.ts';

/** What a message says, for those who may see that. */

export const WITHHELD = 'What it says is shown to those who operate, and not to those who read.';

/** Of a message that waits. */
export const saying = (content: ExplainedContent | null, { view }: Visit): Html =>
  html`<section><h2>What it will say</h2>${
    !view.seesContent ? empty(WITHHELD) : content === null ? empty('It cannot be read.') : shown(content)
  }</section>`;

function shown({ kind, because, text, length, fields }: ExplainedContent): Html {
  const own = Object.entries(fields);
  return html`${own.length > 0 && facts(own.map(([name, value]) => [name, compact(value)] as const))}
    ${typeof because === 'object' && because && html`<p class="callout bad">${icon('bad')}<span>It cannot be sent as it is, and dies when it is picked up: ${because.problem}</span></p>`}
    <pre>${text}</pre>
    <p class="muted">${HOW[kind]}, ${counted(length, 'character')}${text.length < length && ': the beginning'}. ${why(because)}</p>`;
}

const HOW = { rendered: 'As the platform gets it', source: 'As it was enqueued' } as const;

function why(because: ExplainedContent['because']): Piece {
  if (because === 'undisclosed')
    return html`The values of its data are not shown: they may name its recipient, whom the channel does not disclose (<code>discloseRecipients</code>).`;
  return because === 'size' && 'It is too large to be rendered for a look at it.';
}
