/** What the bearer of a token may do. Scopes do not include each other. */
export const SCOPES = ['send', 'read', 'operate'] as const;

/**
 * - `send`: messages, plays and campaigns of an application, and taking messages back.
 * - `read`: what became of messages, and the state of channels.
 * - `operate`: what an operator does: dead letters, channels, and campaigns that run.
 */
export type Scope = (typeof SCOPES)[number];

/** Who makes a request, and what of. */
export interface Access {
  /** Stable across rotations; of a token in the configuration, its name. */
  id: string;
  name: string;
  scopes: readonly Scope[];
  /** The channels it is limited to; undefined for all. */
  channels: readonly string[] | undefined;
}

export const mayUse = ({ channels }: Access, channel: string): boolean =>
  channels === undefined || channels.includes(channel);
