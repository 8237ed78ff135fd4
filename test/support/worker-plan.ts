/** What a worker of the tests is told, in process or through the environment of a process of its own. */
export interface WorkerPlan {
  /** Of herald.yaml's shape. */
  config: Record<string, unknown>;
  /**
   * Where this worker kills itself, once, as `kill -9` would: `granted` after the admission and before the request
   * leaves, `answered` after the platform's answer and before the settlement, `settled` after the settlement and before
   * the queue knows.
   */
  dieAt?: 'granted' | 'answered' | 'settled';
  /** How large its heap may grow, in megabytes. */
  heapMb?: number;
  /** How far this worker's clock is ahead of the machine's. */
  clockAheadMs?: number;
  /** How far the clock of its whole process, BullMQ's included, is stepped by a SIGUSR2; and back by the next one. */
  stepMs?: number;
  /** What its random source always answers. */
  random?: number;
}

/** The variable that carries the plan, as JSON. */
export const PLAN = 'HERALD_TEST_PLAN';
