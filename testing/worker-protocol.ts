import type { Drained } from '../src/workers/drain.ts';
import type { Failpoint } from './failpoints.ts';

/** The start message of a worker process, as JSON in its one argument. */
export interface WorkerPlan {
  /** Of herald.yaml's shape. */
  config: Record<string, unknown>;
  /** Armed from the start. */
  failpoint?: Failpoint | undefined;
  /** How far Herald's clock in it is ahead of the machine's. Milliseconds. */
  clockAheadMs?: number | undefined;
  /** What its random source always answers. */
  random?: number | undefined;
  /** Of a Redis Cluster: where to reach a node that announces itself as `<host>:<port>`. */
  natMap?: NatMap | undefined;
}

export type NatMap = Readonly<Record<string, { host: string; port: number }>>;

/** Later messages to it, one JSON object per line on standard input. It kills itself when standard input ends. */
export type Order =
  | { kind: 'arm'; failpoint: Failpoint }
  /** The clock of the whole process, BullMQ's and the libraries' included, is so far ahead from now on. */
  | { kind: 'step_clock'; aheadMs: number };

/** What it reports, a JSON object a line on file descriptor 3. Its log goes to standard error. */
export type Report =
  /** It begins to start, which waits for Redis. */
  | { kind: 'starting' }
  /** It delivers. */
  | { kind: 'ready'; url?: string | undefined }
  /** It may not start now: another policy is in force, or another channel has the account. */
  | { kind: 'refused'; why: string }
  | { kind: 'failpoint'; failpoint: Failpoint }
  | ({ kind: 'pickup' } & Pickup)
  /** It is done with a job that it had picked up. */
  | { kind: 'done'; job: string }
  | ({ kind: 'write' } & Write)
  /** Its liveness probe fails. */
  | { kind: 'stuck'; detail: string }
  /** What its close resolved with, after SIGTERM. */
  | { kind: 'closed'; drained: Drained };

export interface Pickup {
  /** `<channel> <job id>`: the job that it was enqueued with, and its position in a job of many. */
  job: string;
  /** The same of the job that it was picked up with: of its own, once it has left a job of many. */
  carrier: string;
  /** `<channel> <message id>`. */
  message: string;
}

/** A request is about to be written. */
export interface Write {
  /** `<channel> <message id>`. */
  message: string;
  /** By the machine's clock, whatever the process takes for the time. */
  at: number;
}

/** The message's id in what a job carries, if it can be read. */
export function idIn(data: string): string | undefined {
  try {
    const { id } = JSON.parse(data) as { id?: unknown };
    return typeof id === 'string' ? id : undefined;
  } catch {
    return undefined;
  }
}
