import { counted } from './words.ts';

/** Confirmations of what was just done. The address has only the kind and a number, so that no text comes from outside. */
const NOTICES = {
  paused: () =>
    'Paused. What is in flight completes, and what was granted before may still leave, within 2.5 seconds.',
  resumed: () => 'Resumed. Workers continue within seconds.',
  unchanged: () => 'Nothing was changed: it had ended already, or was in that state.',
  cancelled: (count: number) => `Cancelled ${counted(count, 'message')}.`,
  campaign_cancelled: () => 'The campaign is cancelled. Its waiting messages end suppressed.',
  rescheduled: (count: number) => `Rescheduled ${counted(count, 'message')}.`,
  too_late: () => 'Too late: a send of it is in flight, or it has ended.',
  replayed: () => 'It is on its way again, as a new run.',
  not_replayed: () => 'It was not replayed: it is under way, gone, or its id is taken. Its story says more.',
  replaying: () => 'The replay has begun and continues in the background.',
  replay_cancelled: () => 'The replay is cancelled. Letters that it had not reached stay dead letters.',
  purged: (count: number) => `Purged ${counted(count, 'dead letter')}.`,
} as const satisfies Record<string, (count: number) => string>;

export type Notice = keyof typeof NOTICES;

export function noticeOf(kind: string | undefined, count: string | undefined): string | undefined {
  if (kind === undefined || !Object.hasOwn(NOTICES, kind)) return undefined;
  return NOTICES[kind as Notice](/^\d{1,12}$/.test(count ?? '') ? Number(count) : 0);
}

/** The address of a screen with a notice. */
export function withNotice(href: string, kind: Notice, count?: number): string {
  const query = new URLSearchParams({ done: kind, ...(count !== undefined && { count: String(count) }) });
  return `${href}${href.includes('?') ? '&' : '?'}${query}`;
}
