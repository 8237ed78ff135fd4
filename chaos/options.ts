import { parseArgs } from 'node:util';

/** What a run is asked to do. The same seed makes the same messages and the same plan of faults. */
export interface ChaosOptions {
  messages: number;
  workers: number;
  kills: number;
  outages: number;
  rollouts: number;
  losses: number;
  campaigns: number;
  seed: number;
  /** How long messages and faults go on; the tail until the last final state comes on top. */
  minutes: number;
  /** Where the workers' logs stay; absent: they go with the run. */
  logs: string | undefined;
  /** The recipients of the drill of a campaign; absent: the whole run. */
  drill: number | undefined;
}

export const USAGE = `npm run chaos -- [options]

  --messages <n>   messages to enqueue                    (20000)
  --workers <n>    worker processes, at least 2           (4)
  --kills <n>      kill -9 of a worker                    (40)
  --outages <n>    kill -9 and restart of Redis           (6)
  --rollouts <n>   deployments that change a channel      (2)
                   by turns another quota; the last, another name
  --losses <n>     what the store is made to lose         (4)
                   in turn FLUSHALL, demotion to a replica that
                   lags and promotion, all memory, FLUSHDB: in a
                   part of its own after the others, 25 s each,
                   in which no worker is killed
  --campaigns <n>  campaigns, of 20 to 2000 recipients    (16)
                   each; half as many recipients as messages
                   at most
  --minutes <n>    how long messages and faults go on     (5)
                   before that part
  --seed <n>       of messages and faults                 (the time)
  --logs <dir>     keep the workers' logs there

  --campaign-drill       in place of all this one campaign of
                         20000 recipients on a quota channel: its
                         starter crashes, its worker is killed at each
                         of the ten steps, it is paused, resumed and
                         cancelled when half of it has ended
  --recipients <n>       of the drill                   (20000)

Exit code 1: the promise was broken, or the run could not be ended.`;

const OPTIONS = {
  messages: { type: 'string', default: '20000' },
  workers: { type: 'string', default: '4' },
  kills: { type: 'string', default: '40' },
  outages: { type: 'string', default: '6' },
  rollouts: { type: 'string', default: '2' },
  losses: { type: 'string', default: '4' },
  campaigns: { type: 'string', default: '16' },
  minutes: { type: 'string', default: '5' },
  seed: { type: 'string' },
  logs: { type: 'string' },
  'campaign-drill': { type: 'boolean', default: false },
  recipients: { type: 'string', default: '20000' },
  help: { type: 'boolean', default: false },
} as const;

type Numeric = Exclude<keyof ChaosOptions, 'seed' | 'logs' | 'drill'> | 'recipients';

/** Undefined when only the usage is asked for. Throws a RangeError or TypeError for what it cannot read. */
export function readOptions(args: readonly string[], now: number): ChaosOptions | undefined {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  if (values.help) return undefined;
  const number = (name: Numeric, least: number): number => {
    const value = Number(values[name]);
    if (!(value >= least)) throw new RangeError(`--${name}: expected a number of at least ${least}`);
    return value;
  };
  return {
    messages: Math.round(number('messages', 1)),
    workers: Math.round(number('workers', 2)),
    kills: Math.round(number('kills', 0)),
    outages: Math.round(number('outages', 0)),
    rollouts: Math.round(number('rollouts', 0)),
    losses: Math.round(number('losses', 0)),
    campaigns: Math.round(number('campaigns', 0)),
    minutes: number('minutes', 0.1),
    seed: values.seed === undefined ? now % 1_000_000 : Number(values.seed),
    logs: values.logs,
    drill: values['campaign-drill'] ? Math.round(number('recipients', 100)) : undefined,
  };
}
