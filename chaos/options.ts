import { parseArgs } from 'node:util';

/** What a run is asked to do. The same seed makes the same messages and the same plan of faults. */
export interface ChaosOptions {
  messages: number;
  workers: number;
  kills: number;
  rollouts: number;
  /** The store is a Redis Cluster of six nodes; one Redis otherwise, each with faults of its own. */
  cluster: boolean;
  outages: number;
  losses: number;
  masterKills: number;
  masterFreezes: number;
  slotMoves: number;
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
  --rollouts <n>   deployments that change a channel      (2)
                   by turns another quota; the last, another name
  --campaigns <n>  campaigns, of 20 to 2000 recipients    (16)
                   each; half as many recipients as messages
                   at most
  --minutes <n>    how long messages and faults go on     (5)
  --seed <n>       of messages and faults                 (the time)
  --logs <dir>     keep the workers' logs there

The store is one Redis:
  --outages <n>    kill -9 and restart of it              (6)
  --losses <n>     what it is made to lose                (4)
                   in turn FLUSHALL, demotion to a replica that
                   lags and promotion, all memory, FLUSHDB: in a
                   part of its own after the others, 25 s each,
                   in which no worker is killed
or a Redis Cluster of three masters with a replica each:
  --cluster
  --master-kills <n>    kill -9 of a master               (8)
                        whose replica takes over; every
                        fourth replica lags
  --master-freezes <n>  masters that stand still          (4)
                        every second until it was replaced
  --slot-moves <n>      channels whose keys move          (4)
                        to another master, under load

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
  rollouts: { type: 'string', default: '2' },
  cluster: { type: 'boolean', default: false },
  outages: { type: 'string' },
  losses: { type: 'string' },
  'master-kills': { type: 'string' },
  'master-freezes': { type: 'string' },
  'slot-moves': { type: 'string' },
  campaigns: { type: 'string', default: '16' },
  minutes: { type: 'string', default: '5' },
  seed: { type: 'string' },
  logs: { type: 'string' },
  'campaign-drill': { type: 'boolean', default: false },
  recipients: { type: 'string', default: '20000' },
  help: { type: 'boolean', default: false },
} as const;

/** Faults of the store by its kind, and how many there are. */
const OF_ONE_NODE = { outages: 6, losses: 4 } as const;
const OF_CLUSTER = { 'master-kills': 8, 'master-freezes': 4, 'slot-moves': 4 } as const;

type OfStore = keyof typeof OF_ONE_NODE | keyof typeof OF_CLUSTER;
type Numeric =
  | ('messages' | 'workers' | 'kills' | 'rollouts' | 'campaigns' | 'minutes' | 'recipients')
  | OfStore;

/** Undefined when only the usage is asked for. Throws a RangeError or TypeError for what it cannot read. */
export function readOptions(args: readonly string[], now: number): ChaosOptions | undefined {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  if (values.help) return undefined;
  const number = (name: Numeric, least: number, text = values[name]): number => {
    const value = Number(text);
    if (!(value >= least)) throw new RangeError(`--${name}: expected a number of at least ${least}`);
    return value;
  };
  const own: Partial<Record<OfStore, number>> = values.cluster ? OF_CLUSTER : OF_ONE_NODE;
  const ofStore = (name: OfStore): number => {
    if (own[name] === undefined && values[name] !== undefined)
      throw new RangeError(`--${name}: ${values.cluster ? 'not with --cluster' : 'only with --cluster'}`);
    return Math.round(number(name, 0, values[name] ?? `${own[name] ?? 0}`));
  };
  return {
    messages: Math.round(number('messages', 1)),
    workers: Math.round(number('workers', 2)),
    kills: Math.round(number('kills', 0)),
    rollouts: Math.round(number('rollouts', 0)),
    cluster: values.cluster,
    outages: ofStore('outages'),
    losses: ofStore('losses'),
    masterKills: ofStore('master-kills'),
    masterFreezes: ofStore('master-freezes'),
    slotMoves: ofStore('slot-moves'),
    campaigns: Math.round(number('campaigns', 0)),
    minutes: number('minutes', 0.1),
    seed: values.seed === undefined ? now % 1_000_000 : Number(values.seed),
    logs: values.logs,
    drill: values['campaign-drill'] ? Math.round(number('recipients', 100)) : undefined,
  };
}
