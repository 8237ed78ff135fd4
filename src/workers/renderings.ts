import type { ChannelConfig } from '../config/schema.ts';
import type { Delivery, QueuedJob } from '../jobs/read-job.ts';
import type { Outcome } from '../outcome.ts';
import { ContentError, type PlatformDefinition } from '../platforms/port.ts';
import type { Turns } from '../turns.ts';

/** What is sent, or why there is nothing that could be. */
export type Rendered = string | Extract<Outcome, { kind: 'rejected' }>;

/**
 * Renders a job's content before admission is asked for, so that no grant runs out meanwhile; and once, however often the
 * job is taken up until its run ends.
 */
export interface Renderings {
  of(job: QueuedJob, delivery: Delivery): Promise<Rendered>;
  /** The job's run is over. */
  forget(job: QueuedJob): void;
}

export interface RenderingDeps {
  channel: ChannelConfig;
  definition: PlatformDefinition;
  turns: Turns;
}

/** Of jobs that wait, in characters of their data and of what was made of them. */
const MOST_REMEMBERED = 4 * 1024 * 1024;

export function createRenderings({ channel, definition, turns }: RenderingDeps): Renderings {
  const remembered = new Map<string, { text: string; rendered: Rendered }>();
  let size = 0;

  function forget(id: string): void {
    const known = remembered.get(id);
    if (!known) return;
    remembered.delete(id);
    size -= sizeOf(known);
  }

  function remember(id: string, made: { text: string; rendered: Rendered }): void {
    forget(id);
    remembered.set(id, made);
    size += sizeOf(made);
    for (const oldest of remembered.keys()) {
      if (size <= MOST_REMEMBERED) break;
      forget(oldest);
    }
  }

  return {
    async of({ id, text }, { message }) {
      const known = remembered.get(id);
      if (known?.text === text) return known.rendered;
      const rendered = await turns(() => render(() => definition.render(message, channel.settings)));
      remember(id, { text, rendered });
      return rendered;
    },
    forget: ({ id }) => forget(id),
  };
}

const sizeOf = ({ text, rendered }: { text: string; rendered: Rendered }): number =>
  text.length + (typeof rendered === 'string' ? rendered.length : 0);

/**
 * Checked when the message was enqueued; a job from elsewhere, or one of an older version, meets it here. Whatever goes
 * wrong, the content is to blame and would be again: another error is told by its class alone, for its text may quote.
 */
function render(content: () => string): Rendered {
  try {
    return content();
  } catch (error) {
    const name = error instanceof Error ? error.name : typeof error;
    const detail = error instanceof ContentError ? error.message : `content cannot be rendered: ${name}`;
    return { kind: 'rejected', reason: 'bad_request', detail };
  }
}
