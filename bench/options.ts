import { parseArgs } from 'node:util';

/** How much is measured. */
export interface Scale {
  rounds: number;
  /** Of a turn, beside the warm-up. */
  messages: number;
  /** How long messages are sent at 200 a second. */
  paceSeconds: number;
  /** What is queued or settled when the growth is measured. */
  growth: readonly number[];
}

export interface BenchOptions {
  scale: Scale;
  /** Rows and tables to measure; all when empty. */
  only: readonly string[];
  growth: boolean;
  /** Clusters and shards, in place of everything else. */
  cluster: boolean;
  /** How many worker processes share a channel, in place of everything else. */
  workers: boolean;
  json: boolean;
  /** A file for the picture of the throughput's ratios. */
  picture: string | undefined;
}

/** What is asked for cannot be read, or is not there. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const USAGE = `npm run bench -- [options]

  --quick          one round of few messages, under a minute: whether it runs, no figures to tell
  --rounds <n>     rounds, in each of which every row has its turn      (5)
  --messages <n>   messages of a turn, beside the warm-up               (20000)
  --only <names>   rows or tables, separated by commas
  --growth         also with 10^4 to 10^6 messages queued or settled: takes long
  --cluster        in place of all that: one channel on one Redis and on a
                   cluster, over one store and over 8 shards
  --workers        in place of all that: 1 to 8 worker processes on one channel,
                   and up to 50 workers without work
  --json           one JSON document on standard output
  --picture <file> also an SVG picture of the ratios of delivery`;

const FULL: Scale = { rounds: 5, messages: 20_000, paceSeconds: 10, growth: [10_000, 100_000, 1_000_000] };
const QUICK: Scale = { rounds: 1, messages: 1_000, paceSeconds: 1, growth: [100, 1_000, 10_000] };

const OPTIONS = {
  quick: { type: 'boolean', default: false },
  rounds: { type: 'string' },
  messages: { type: 'string' },
  only: { type: 'string', default: '' },
  growth: { type: 'boolean', default: false },
  cluster: { type: 'boolean', default: false },
  workers: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  picture: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/** Undefined when only the usage is asked for. @throws UsageError */
export function readOptions(args: readonly string[]): BenchOptions | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const base = values.quick ? QUICK : FULL;
  const number = (name: 'rounds' | 'messages'): number => {
    const value = Number(values[name] ?? base[name]);
    if (!Number.isInteger(value) || value < 1)
      throw new UsageError(`--${name}: expected a whole number from 1`);
    return value;
  };
  return {
    scale: { ...base, rounds: number('rounds'), messages: number('messages') },
    only: values.only.split(',').filter((name) => name !== ''),
    growth: values.growth,
    cluster: values.cluster,
    workers: values.workers,
    json: values.json,
    picture: values.picture,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}
