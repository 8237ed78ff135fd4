/** What the bearer of a token may do. Scopes do not include each other. */
export const SCOPES = ['send', 'read', 'operate'] as const;

/**
 * - `send`: messages, plays and campaigns of an application, and cancelling messages.
 * - `read`: what became of messages, and the state of channels.
 * - `operate`: what operators do: dead letters, channels, running campaigns.
 */
export type Scope = (typeof SCOPES)[number];

/** The client of a request and its rights. */
export interface Access {
  /** Stable across rotations; for a token of the configuration, its name. */
  id: string;
  name: string;
  scopes: readonly Scope[];
  /** The channels it is limited to; undefined for all. */
  channels: readonly string[] | undefined;
}

export const mayUse = ({ channels }: Access, channel: string): boolean =>
  channels === undefined || channels.includes(channel);
