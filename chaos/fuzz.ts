import { parseArgs } from 'node:util';
import { systemClock } from '../src/clock.ts';
import {
  fuzzAnswers,
  fuzzConfigs,
  fuzzControls,
  fuzzInputs,
  fuzzJobs,
  fuzzRequests,
  type Reached,
  type Trial,
} from './fuzz/trials.ts';

/**
 * `npm run fuzz`: generated configurations, inputs of a producer, platform answers, orders by id, jobs and requests to the HTTP API,
 * so many of each; `npm run fuzz -- http`: those alone.
 */

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { cases: { type: 'string', default: '100000' }, seed: { type: 'string' } },
});
const cases = Number(values.cases);
const seed = values.seed === undefined ? systemClock.now() % 1_000_000 : Number(values.seed);

const rejections: unknown[] = [];
process.on('unhandledRejection', (reason) => rejections.push(reason));

async function run(what: string, fuzz: (trial: Trial) => Promise<Reached> | Reached): Promise<boolean> {
  const startedAt = systemClock.monotonic();
  try {
    const reached = await fuzz({ cases, seed, tell: (done) => console.log(`${what}: ${done}`) });
    const seconds = ((systemClock.monotonic() - startedAt) / 1000).toFixed(1);
    console.log(`${what}: ${cases} cases held, in ${seconds} s`);
    for (const [kind, times] of reached) console.log(`  ${kind}: ${times}`);
    return true;
  } catch (error) {
    console.log(`${what}, seed ${seed}: ${error instanceof Error ? error.message : String(error)}`);
    if (error instanceof Error && error.cause) console.log(error.cause);
    return false;
  }
}

const TRIALS = {
  configurations: fuzzConfigs,
  inputs: fuzzInputs,
  answers: fuzzAnswers,
  controls: fuzzControls,
  jobs: fuzzJobs,
  http: fuzzRequests,
};

const unknown = positionals.filter((name) => !Object.hasOwn(TRIALS, name));
if (unknown.length > 0) throw new Error(`${unknown.join(', ')}: expected ${Object.keys(TRIALS).join(', ')}`);
const held: boolean[] = [];
for (const [name, fuzz] of Object.entries(TRIALS))
  if (positionals.length === 0 || positionals.includes(name)) held.push(await run(name, fuzz));
if (rejections.length > 0)
  console.log(`unhandled rejections: ${rejections.length}, the first:`, rejections[0]);
process.exitCode = held.every(Boolean) && rejections.length === 0 ? 0 : 1;
