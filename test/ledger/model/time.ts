/**
 * The model's time counts in hundredths of a tick. Commands let whole ticks pass, and the settings below end in
 * fractions of which no sum that the rules compare comes nearer to a whole tick than a tenth: so every comparison has
 * one answer, although the store's own clock goes on meanwhile.
 */
export const TICK = 100;
/** Long, so that a busy machine plays a run within the slack: one that it is too slow for counts for nothing. */
export const TICK_MS = 4 * 60_000;
/** As far as the store's clock may go on during a run, before comparisons could have another answer. */
export const SLACK_MS = 16_000;
export const DAY = (24 * 60 * 60_000 * TICK) / TICK_MS;

export const ms = (units: number): number => (units * TICK_MS) / TICK;

export const LEASE = 125;
export const AHEAD = 45;
export const INTERVAL = 135;
export const QUIET = 120;
export const PATIENCE = 425;
export const WINDOW = 700;
/** The first calendar window is half over when a run begins. */
export const WINDOW_AT_START = WINDOW / 2;
export const ROLLING = 625;
/** The longest day that the platform may mean, as the ledger is told, and the steps in which it remembers. */
export const PLATFORM_DAY = 1530;
export const STEP = (12 * 60_000 * TICK) / TICK_MS;
/** What the platform means, where its day is not the ledger's window. */
export const REAL_DAY = 1240;
export const PLAYED_WITHIN = 535;
export const PLAY_TTL = 2 * PLAYED_WITHIN;
export const RETRY_AFTER = 165;
export const BREAKER_REST = 185;
export const ATTEMPTS = 4;
