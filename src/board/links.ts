import type { DeadReason } from '../outcome.ts';

/** The addresses of the board's screens. They are made here only, so that every part is encoded. */

export const BASE = '/board';

const part = (text: string): string => encodeURIComponent(text);

/** A query of the values that are present. */
function query(values: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(values).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, String(value)] as [string, string]],
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}

/** The filter of dead letters in a screen's address. */
export interface DeadFilter {
  channel?: string | undefined;
  reason?: DeadReason | undefined;
  /** A duration before now, such as `24h`. */
  since?: string | undefined;
  /** An error text, as the groups of dead letters have it. */
  detail?: string | undefined;
  /** The id of a campaign. */
  campaign?: string | undefined;
  /** Only this message. */
  id?: string | undefined;
}

/** The anchor of the webhooks on the screen Now. */
export const WEBHOOKS = 'webhooks';

export const to = {
  now: BASE,
  webhooks: `${BASE}#${WEBHOOKS}`,
  signIn: `${BASE}/sign-in`,
  signOut: `${BASE}/sign-out`,
  link: `${BASE}/link`,
  search: `${BASE}/search`,
  audit: (before?: string) => `${BASE}/audit${query({ before })}`,
  campaigns: `${BASE}/campaigns`,
  campaign: (channel: string, id: string) => `${BASE}/campaigns/${part(channel)}/${part(id)}`,
  replay: (id: string) => `${BASE}/replays/${part(id)}`,
  channel: (name: string) => `${BASE}/channels/${part(name)}`,
  message: (id: string, channel?: string) => `${BASE}/messages/${part(id)}${query({ channel })}`,
  player: (channel: string, recipient: unknown) =>
    `${BASE}/channels/${part(channel)}/player${query({ to: JSON.stringify(recipient) })}`,
  dead: (filter: DeadFilter = {}) => `${BASE}/dead-letters${query({ ...filter })}`,
  deadReplay: (filter: DeadFilter = {}) => `${BASE}/dead-letters/replay${query({ ...filter })}`,
  deadPurge: (filter: DeadFilter = {}) => `${BASE}/dead-letters/purge${query({ ...filter })}`,
  asset: (name: string) => `${BASE}/assets/${name}`,
};

/** An encoded address of the board. It has no backslash, which browsers take for a slash. */
const ADDRESS = /^\/board(?:[/?][!-[\]-~]*)?$/;

/** Where to go after signing in: always a screen of the board, so that the parameter is no open redirect. */
export const safeNext = (next: string | undefined): string =>
  next !== undefined && ADDRESS.test(next) && !next.includes('//') ? next : to.now;
