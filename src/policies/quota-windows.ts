import { DateTime } from 'luxon';
import type { ChannelConfig } from '../config/channel-schema.ts';

type Quota = NonNullable<ChannelConfig['quota']>;

/** How many windows before and after the one that contains `around`. */
const BEFORE = 1;
const AFTER = 3;

/**
 * Starts of the calendar windows around an instant, ascending, milliseconds since the epoch. Days and weeks (from
 * Monday) follow the time zone, with 23 and 25 hours where its clocks change; a length given in milliseconds is laid
 * out from the epoch, whatever the zone.
 */
export function windowTable(quota: Pick<Quota, 'per' | 'timeZone'>, around: number): number[] {
  const { per, timeZone } = quota;
  const offsets = Array.from({ length: BEFORE + AFTER + 1 }, (_, i) => i - BEFORE);
  if (typeof per !== 'string') {
    const start = Math.floor(around / per.ms) * per.ms;
    return offsets.map((offset) => start + offset * per.ms);
  }
  const start = DateTime.fromMillis(around, { zone: timeZone }).startOf(per);
  const starts = offsets.map((offset) =>
    start
      .plus({ [per]: offset })
      .startOf(per)
      .toMillis(),
  );
  // A zone may skip a day or repeat half an hour: two windows then begin at the same instant.
  return [...new Set(starts)];
}

const LENGTHS_MS = { hour: 3_600_000, day: 86_400_000, week: 7 * 86_400_000 };

/** Length of a rolling window, milliseconds. */
export const windowLengthMs = (per: Quota['per']): number =>
  typeof per === 'string' ? LENGTHS_MS[per] : per.ms;
