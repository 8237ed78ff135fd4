import { createRequire } from 'node:module';
import { type DestinationStream, destination as fileDestination, type LevelWithSilent, pino } from 'pino';
import { type Clock, systemClock } from '../clock.ts';
import { createRedactor, SECRET_KEYS } from './redact.ts';

/**
 * Where a worker writes its log: the methods of a pino or fastify logger that Herald calls. One call is one line: its fields
 * (snake_case) and its text.
 */
export interface Logger {
  readonly debug: LogCall;
  readonly info: LogCall;
  readonly warn: LogCall;
  readonly error: LogCall;
  /** A logger whose lines all carry these fields. */
  child(fields: Record<string, unknown>): Logger;
  /** Saves building lines that would be dropped; every level counts as enabled when absent. */
  isLevelEnabled?(level: string): boolean;
}

export interface LogCall {
  (fields: object, text?: string): void;
  (text: string): void;
}

export interface LogOptions {
  /** `info` when absent. */
  level?: LevelWithSilent | undefined;
  /** Receives one JSON object per line. Standard output, written synchronously, when absent. */
  destination?: DestinationStream | undefined;
  /** Values that must never be written, in whatever field or text they occur: API keys, the password of Redis. */
  secrets?: readonly string[] | undefined;
  /** Coloured lines for a person at a terminal, if pino-pretty is installed; JSON otherwise. */
  pretty?: boolean | undefined;
  clock?: Clock | undefined;
}

interface PrettyModule {
  prettyFactory(options: { colorize: boolean }): (line: string) => string;
}

/** pino-pretty is for development: a production install does without it. */
function prettify(destination: DestinationStream): DestinationStream {
  try {
    const { prettyFactory } = createRequire(import.meta.url)('pino-pretty') as PrettyModule;
    const format = prettyFactory({ colorize: true });
    return { write: (line) => destination.write(format(line)) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return destination;
    throw error;
  }
}

/**
 * A logger that writes JSON lines. A value is always one JSON string, so no text can forge a line of its own; keys and
 * content are replaced by `[redacted]` by field name, and the given secrets wherever they stand.
 */
export function createLogger(options: LogOptions = {}): Logger {
  const clock = options.clock ?? systemClock;
  const plain = options.destination ?? fileDestination(1);
  return pino(
    {
      level: options.level ?? 'info',
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: [...SECRET_KEYS], censor: '[redacted]' },
      hooks: { streamWrite: createRedactor(options.secrets ?? []) },
    },
    options.pretty ? prettify(plain) : plain,
  );
}
