import type { ChannelConfig } from '../config/channel-schema.ts';
import type { Delivery } from '../jobs/envelope.ts';
import { renderedOrProblem } from '../message/fit.ts';
import { problemText } from '../message/problems.ts';
import type { Outcome } from '../outcome.ts';
import type { PlatformDefinition } from '../platforms/port.ts';
import type { Turns } from '../turns.ts';

/** The rendered content, or why it cannot be rendered. */
export type Rendered = string | Extract<Outcome, { kind: 'rejected' }>;

/**
 * Renders a message before requesting admission, so that no grant expires meanwhile; and once per run, however often its
 * job is picked up.
 */
export interface Renderings {
  /** A promise where rendering has to wait for its turn. */
  of(delivery: Delivery): Rendered | Promise<Rendered>;
  /** Remembers the rendering of a message that will be picked up again. */
  keep(delivery: Delivery, rendered: Rendered): void;
  /** Drops the rendering when the message's run has ended. */
  forget(delivery: Delivery): void;
}

export interface RenderingDeps {
  channel: ChannelConfig;
  definition: PlatformDefinition;
  turns: Turns;
}

/** The limit of cached renderings of waiting jobs, in characters of their data and results. */
const MAX_CACHED = 4 * 1024 * 1024;

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
      if (size <= MAX_CACHED) break;
      forget(oldest);
    }
  }

  function known(delivery: Delivery): Rendered | undefined {
    // Most messages are picked up once.
    if (remembered.size === 0) return undefined;
    const found = remembered.get(nameOf(delivery));
    return found?.text === textOf(delivery) ? found.rendered : undefined;
  }

  return {
    of: (delivery) =>
      known(delivery) ?? turns(() => render(() => definition.render(delivery.message, channel.settings))),
    keep: (delivery, rendered) => remember(nameOf(delivery), { text: textOf(delivery), rendered }),
    forget(delivery) {
      if (remembered.size > 0) forget(nameOf(delivery));
    },
  };
}

/** What shows that the content is the same. */
const textOf = ({ contentKey, source }: Delivery): string => contentKey ?? source.data();

/** A job may have many messages, and two jobs the same one. */
const nameOf = ({ ref: { jobId, id } }: Delivery): string => `${jobId}\n${id}`;

const sizeOf = ({ text, rendered }: { text: string; rendered: Rendered }): number =>
  text.length + (typeof rendered === 'string' ? rendered.length : 0);

/**
 * Producers check that messages render; jobs of foreign producers or older versions are checked here. Rendering is
 * deterministic, so any error is final. An unexpected error is reported by its class only: its text may quote the content.
 */
function render(content: () => string): Rendered {
  try {
    const rendered = renderedOrProblem(content);
    return typeof rendered === 'string' ? rendered : rejected(problemText(rendered));
  } catch (error) {
    return rejected(`content cannot be rendered: ${error instanceof Error ? error.name : typeof error}`);
  }
}

const rejected = (detail: string): Rendered => ({ kind: 'rejected', reason: 'bad_request', detail });
