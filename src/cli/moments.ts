import { InvalidArgumentError } from 'commander';
import ms from 'ms';
import { parseDuration, parseInstant } from '../time.ts';

/** The value of an option that names a point in time: an instant, or a duration before now. */
export type Moment = { at: Date } | { agoMs: number };

/** `2026-01-31T12:00:00Z`, milliseconds since the epoch, or a duration such as `2h`. */
export function parseMoment(text: string): Moment {
  const agoMs = parseDuration(text);
  if (agoMs !== undefined) return { agoMs };
  const at = parseInstant(text);
  if (at) return { at };
  throw new InvalidArgumentError(
    'expected an instant such as 2026-01-31T12:00:00Z, or a duration such as 2h.',
  );
}

export function toInstant(moment: Moment | undefined, now: number): Date | undefined {
  if (!moment) return undefined;
  return 'at' in moment ? moment.at : new Date(now - moment.agoMs);
}

const RATE = /^(\d{1,6})\/(\d*)(s|m|h)$/;

/** `50/s`, `100/10s`, `10/h`: how many a second. */
export function parseRate(text: string): number {
  const [, count, interval, unit] = RATE.exec(text) ?? [];
  const perMs = parseDuration(`${interval || 1}${unit}`);
  if (!Number(count) || !perMs)
    throw new InvalidArgumentError('expected a rate such as 50/s, 100/10s or 10/h.');
  return Number(count) / (perMs / 1000);
}

export const instantText = (at: number): string => new Date(at).toISOString();

/** `3m`, `2d`. */
export const ageText = (ageMs: number): string => ms(Math.max(0, Math.round(ageMs)));
