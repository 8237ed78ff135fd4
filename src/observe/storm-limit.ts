import type { LogCall, Logger } from './log.ts';

/** A logger whose warnings and errors cannot fill a disk, however often something fails. */
export interface StormLimitedLogger extends Logger {
  /** Writes the lines that are held back. Call it before the process ends. */
  flush(): void;
}

/** How many lines of a cause are written at once. Those beyond, within an interval, become one line with their count at its end. */
const AT_ONCE = 10;
const INTERVAL_MS = 10_000;

/** What tells causes apart, besides level and text: fields whose values are closed sets. */
const CAUSE_FIELDS = [
  'channel',
  'outcome',
  'reason',
  'next',
  'next_reason',
  'state_reason',
  'cause',
  'check',
] as const;

type Fields = Readonly<Record<string, unknown>>;

/** One cause, from its first line until an interval in which no line was held back. */
interface Cause {
  written: number;
  held: number;
  /** Writes the last line that was held back. */
  writeLast(leftOut: number): void;
  timer: NodeJS.Timeout;
}

/**
 * Limits warnings and errors to one line per cause and interval, after the first ten: twenty thousand unknown players, or a platform
 * that is down, do not make as many lines. The line is the last of its interval; its field `left_out` counts the lines like it that
 * were not written. Other levels pass unchanged.
 */
export function limitStorms(logger: Logger): StormLimitedLogger {
  const causes = new Map<string, Cause>();

  function begin(name: string): Cause {
    const timer = setInterval(() => endInterval(name), INTERVAL_MS).unref();
    const cause: Cause = { written: 0, held: 0, writeLast() {}, timer };
    causes.set(name, cause);
    return cause;
  }

  function endInterval(name: string): void {
    const cause = causes.get(name)!;
    if (cause.held > 0) {
      cause.writeLast(cause.held - 1);
      cause.held = 0;
      return;
    }
    clearInterval(cause.timer);
    causes.delete(name);
  }

  function pass(name: string, write: Cause['writeLast']): void {
    const cause = causes.get(name) ?? begin(name);
    if (cause.written < AT_ONCE) {
      cause.written += 1;
      write(0);
      return;
    }
    cause.held += 1;
    cause.writeLast = write;
  }

  const limited = (level: 'warn' | 'error', to: Logger, bound: Fields): LogCall => {
    return (first: object | string, text?: string) => {
      const [fields, line] = typeof first === 'string' ? [{}, first] : [first, text];
      pass(causeOf(level, { ...bound, ...fields }, line), (leftOut) =>
        to[level](leftOut > 0 ? { ...fields, left_out: leftOut } : fields, line),
      );
    };
  };

  const wrap = (to: Logger, bound: Fields): Logger => ({
    debug: to.debug.bind(to),
    info: to.info.bind(to),
    warn: limited('warn', to, bound),
    error: limited('error', to, bound),
    child: (fields) => wrap(to.child(fields), { ...bound, ...fields }),
    ...(to.isLevelEnabled && { isLevelEnabled: to.isLevelEnabled.bind(to) }),
  });

  return {
    ...wrap(logger, {}),
    flush() {
      for (const { timer, held, writeLast } of causes.values()) {
        clearInterval(timer);
        if (held > 0) writeLast(held - 1);
      }
      causes.clear();
    },
  };
}

const causeOf = (level: string, fields: Fields, text: string | undefined): string =>
  [level, text, ...CAUSE_FIELDS.map((name) => fields[name])].join(' ');
