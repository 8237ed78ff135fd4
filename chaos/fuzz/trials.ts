import fc from 'fast-check';
import { systemClock } from '../../src/clock.ts';
import { ConfigError } from '../../src/config/error.ts';
import { literalSecrets } from '../../src/config/literal-secrets.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { messageSchemasOf } from '../../src/message/schema.ts';
import { platforms } from '../../src/platforms/registry.ts';
import type { KnownChannels } from '../../src/producer/known-channels.ts';
import { misfit, type PreparedMessage, prepare } from '../../src/producer/prepare.ts';
import { fuzzedAnswer } from './answers.ts';
import { fuzzedConfig } from './configs.ts';
import { fuzzedControl, openControlTrial } from './controls.ts';
import { type FuzzedJob, fuzzedJob, fuzzedSingleJob } from './jobs.ts';
import { openOracle } from './oracle.ts';
import { openQueueTrial, parsed } from './queue-trial.ts';
import { openRequestTrial } from './request-trial.ts';
import { fuzzedRequest } from './requests.ts';

/** What is generated, and what must hold. Every trial throws what fast-check found, with the seed to find it again. */
export interface Trial {
  cases: number;
  seed: number;
  /** How far it is. */
  tell?: ((done: number) => void) | undefined;
}

/** How often each kind of end was reached: what is never reached is not tried. */
export type Reached = ReadonlyMap<string, number>;

const TELL_EVERY = 5_000;

function tally(): Reached & { note(kind: string): void } {
  const times = new Map<string, number>();
  return Object.assign(times, {
    note: (kind: string): void => void times.set(kind, (times.get(kind) ?? 0) + 1),
  });
}

function counting({ tell }: Trial): () => void {
  let done = 0;
  return () => {
    done += 1;
    if (done % TELL_EVERY === 0) tell?.(done);
  };
}

/** A configuration is read, or every problem of it is told: nothing else comes out. */
export function fuzzConfigs(trial: Trial): Reached {
  const count = counting(trial);
  const reached = tally();
  const env = { SECRET: 'hidden', NUMBER: '7', REDIS: 'redis://x', FILE_FILE: '/secret' };
  fc.assert(
    fc.property(fuzzedConfig, fc.constantFrom('resolve' as const, 'skip' as const), (source, secrets) => {
      count();
      try {
        literalSecrets(source, platforms);
        parseConfig(source, { platforms, env, secrets, readFile: () => 'out of a file' });
        reached.note('read');
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        if (error.problems.length === 0) throw new Error('a ConfigError that tells no problem');
        if (/hidden|out of a file/.test(error.message)) throw new Error('a secret is told');
        reached.note('refused');
      }
    }),
    { numRuns: trial.cases, seed: trial.seed },
  );
  return reached;
}

const vouchedFor = ({ channel }: PreparedMessage): KnownChannels => ({
  announced: new Map(),
  listed: new Map([[channel, {}]]),
});

/** What is handed to a producer is prepared for its queue, or every problem of it is told. */
export function fuzzInputs(trial: Trial): Reached {
  const count = counting(trial);
  const reached = tally();
  const deps = { platforms, schemas: messageSchemasOf(platforms), clock: systemClock };
  const input = fc.oneof(
    { weight: 5, arbitrary: fuzzedSingleJob.map(({ data }) => parsed(data)) },
    fc.anything(),
  );
  fc.assert(
    fc.property(input, (message) => {
      count();
      const preparation = prepare(message, deps);
      if (preparation.kind === 'prepared') misfit(preparation.prepared, vouchedFor(preparation.prepared));
      else if (preparation.error.problems.length === 0) throw new Error('an error that tells no problem');
      reached.note(preparation.kind === 'prepared' ? 'prepared' : 'refused');
    }),
    { numRuns: trial.cases, seed: trial.seed },
  );
  return reached;
}

/** Whatever a platform answers, a send ends with an outcome, and no outcome tells a key or what was written. */
export async function fuzzAnswers(trial: Trial): Promise<Reached> {
  const count = counting(trial);
  const oracle = await openOracle();
  try {
    await fc.assert(
      fc.asyncProperty(fuzzedAnswer, fc.constantFrom(...oracle.platforms), async (answer, platform) => {
        count();
        await oracle.ask(platform, answer);
      }),
      { numRuns: trial.cases, seed: trial.seed },
    );
    return oracle.outcomes;
  } finally {
    await oracle.close();
  }
}

/** Whatever is asked of whatever message, and whatever its record looks like: a status is answered, or every problem is told. */
export async function fuzzControls(trial: Trial): Promise<Reached> {
  const count = counting(trial);
  const reached = tally();
  const store = await openControlTrial();
  try {
    await fc.assert(
      fc.asyncProperty(fuzzedControl, async (control) => {
        count();
        reached.note(await store.run(control));
      }),
      { numRuns: trial.cases, seed: trial.seed },
    );
    return reached;
  } finally {
    await store.close();
  }
}

const BATCH = 500;

/**
 * Whatever lies in a queue, the worker goes on, and each job ends where it should: what cannot be read as a dead letter,
 * what is for later in the queue, everything else with a final state.
 */
export async function fuzzJobs(trial: Trial): Promise<Reached> {
  const queue = await openQueueTrial();
  try {
    for (let done = 0; done < trial.cases; done += BATCH) {
      const numRuns = Math.min(BATCH, trial.cases - done);
      const jobs: FuzzedJob[] = fc.sample(fuzzedJob, { numRuns, seed: trial.seed + done });
      await queue.run(jobs);
      if ((done + numRuns) % TELL_EVERY === 0) trial.tell?.(done + numRuns);
    }
    return queue.readings;
  } finally {
    await queue.close();
  }
}

/** Heap that caches and compiled code may take, bytes: a leak of a few hundred a request is more, with twenty thousand of them. */
const MAY_GROW = 24 * 1024 * 1024;

/**
 * Whatever is written to the HTTP API, and however slowly: it is answered as it should, and never by 500; connections that were
 * left are ended, and memory does not grow.
 */
export async function fuzzRequests(trial: Trial): Promise<Reached> {
  const count = counting(trial);
  const reached = tally();
  const requests = await openRequestTrial();
  const some = async (numRuns: number, seed: number): Promise<number> => {
    await fc.assert(
      fc.asyncProperty(fuzzedRequest, async (request) => {
        count();
        reached.note(await requests.run(request));
      }),
      { numRuns, seed },
    );
    return await requests.settle();
  };
  try {
    const first = Math.ceil(trial.cases / 10);
    const before = await some(first, trial.seed);
    const after = await some(trial.cases - first, trial.seed + 1);
    if (after - before > MAY_GROW) throw new Error(`the heap grew from ${before} to ${after} bytes`);
    return reached;
  } finally {
    await requests.close();
  }
}
