import { InvalidArgumentError } from 'commander';
import ms from 'ms';
import { duration } from '../config/values.ts';
import { parseInstant } from './input/plays.ts';

/** A point in time as an option names it: an instant, or so long ago. */
export type Moment = { at: Date } | { agoMs: number };

/** `2026-01-31T12:00:00Z`, milliseconds since the epoch, or a duration such as `2h`. */
export function parseMoment(text: string): Moment {
  const ago = duration().safeParse(text);
  if (ago.success) return { agoMs: ago.data };
  const instant = parseInstant(text);
  if ('value' in instant) return { at: instant.value };
  throw new InvalidArgumentError(
    'expected an instant such as 2026-01-31T12:00:00Z, or a duration such as 2h.',
  );
}

export function toInstant(moment: Moment | undefined, now: number): Date | undefined {
  if (!moment) return undefined;
  return 'at' in moment ? moment.at : new Date(now - moment.agoMs);
}

const RATE = /^(\d{1,6})\/(s|m|h)$/;
const SECONDS = { s: 1, m: 60, h: 3600 } as const;

/** `50/s`, `100/m`, `10/h`: how many a second. */
export function parseRate(text: string): number {
  const [, count, unit] = RATE.exec(text) ?? [];
  if (!Number(count)) throw new InvalidArgumentError('expected a rate such as 50/s, 100/m or 10/h.');
  return Number(count) / SECONDS[unit as keyof typeof SECONDS];
}

export const instantText = (at: number): string => new Date(at).toISOString();

/** `3m`, `2d`: for a glance. */
export const ageText = (ageMs: number): string => ms(Math.max(0, Math.round(ageMs)));
