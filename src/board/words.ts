/** Formats numbers, durations and instants for people, the same on every screen. */

const COUNT = new Intl.NumberFormat('en-US');

export const count = (value: number): string => COUNT.format(value);

/** `1 message`, `1,204 messages`. */
export const counted = (value: number, noun: string): string =>
  `${count(value)} ${noun}${value === 1 ? '' : 's'}`;

const STEPS: readonly [unitMs: number, name: string][] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
];

/** In its two largest units: `45 s`, `12 min`, `3 h 5 min`, `2 d 4 h`. Minutes have no seconds from ten on. */
export function duration(ms: number): string {
  const at = STEPS.findIndex(([unitMs]) => ms >= unitMs);
  if (at < 0) return '0 s';
  const [unitMs, name] = STEPS[at]!;
  const whole = Math.floor(ms / unitMs);
  const next = STEPS[at + 1];
  const rest = next === undefined || whole >= 10 ? 0 : Math.floor((ms % unitMs) / next[0]);
  return rest > 0 ? `${whole} ${name} ${rest} ${next![1]}` : `${whole} ${name}`;
}

const NOW_MS = 1_000;

/** `12 min ago`, `in 3 h`, `now`. */
export function relative(at: number, now: number): string {
  const distance = at - now;
  if (Math.abs(distance) < NOW_MS) return 'now';
  return distance < 0 ? `${duration(-distance)} ago` : `in ${duration(distance)}`;
}

/** `2026-01-31 12:00:00 UTC`. */
export const absolute = (at: number): string => `${iso(at).slice(0, 19).replace('T', ' ')} UTC`;

/** An invalid instant, which a foreign producer may have written, becomes the epoch. */
export const iso = (at: number): string => {
  const date = new Date(at);
  return (Number.isNaN(date.getTime()) ? new Date(0) : date).toISOString();
};

/** `waiting_slot` → `waiting slot`: names of reasons and states as words. */
export const spoken = (name: string): string => name.replaceAll('_', ' ');

const JOB_STATES: Readonly<Record<string, string>> = {
  waiting: 'ready',
  prioritized: 'ready',
  active: 'in flight',
  delayed: 'waits',
};

/** The state of a BullMQ job in the words that Herald uses for its figures. */
export const jobState = (state: string): string => JOB_STATES[state] ?? spoken(state);

/** A recipient or another small value, on one line. */
export const compact = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? 'none');

/** A recipient, meta or another flat object, on one line: `userId 31`, `usernames mara, tom`. */
export function fieldsText(flat: unknown): string {
  if (typeof flat !== 'object' || flat === null || Array.isArray(flat)) return compact(flat);
  const fields = Object.entries(flat).map(
    ([name, value]) => `${name} ${Array.isArray(value) ? value.map(compact).join(', ') : compact(value)}`,
  );
  return fields.join(', ') || compact(flat);
}
