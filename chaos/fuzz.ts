import { parseArgs } from 'node:util';
import { systemClock } from '../src/clock.ts';
import {
  fuzzAnswers,
  fuzzConfigs,
  fuzzControls,
  fuzzInputs,
  fuzzJobs,
  type Reached,
  type Trial,
} from './fuzz/trials.ts';

/** `npm run fuzz`: generated configurations, inputs of a producer, platform answers, orders by id and jobs, so many of each. */

const { values } = parseArgs({
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
    return false;
  }
}

const held = [
  await run('configurations', fuzzConfigs),
  await run('inputs of a producer', fuzzInputs),
  await run('answers of platforms', fuzzAnswers),
  await run('cancel and reschedule', fuzzControls),
  await run('jobs', fuzzJobs),
];
if (rejections.length > 0)
  console.log(`unhandled rejections: ${rejections.length}, the first:`, rejections[0]);
process.exitCode = held.every(Boolean) && rejections.length === 0 ? 0 : 1;
