/** Herald beside what it could be replaced with: `npm run bench`; docs/speed.md tells what is measured. */
import { writeFile } from 'node:fs/promises';
import { runBench } from './bench.ts';
import { readOptions, USAGE, UsageError } from './options.ts';
import { drawRatios } from './picture.ts';
import { renderReport } from './report.ts';
import { throughput } from './tables/throughput.ts';

const WRONG_USAGE = 2;

async function run(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  if (options === undefined) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const report = await runBench(options, (turn) => void process.stderr.write(`${turn}\n`));
  const picture = drawRatios(report, throughput.name);
  if (options.picture !== undefined && picture !== undefined) await writeFile(options.picture, picture);
  process.stdout.write(`${options.json ? JSON.stringify(report, null, 2) : renderReport(report)}\n`);
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  // An option or a name that there is not; anything else is a failure of the bench, told with its trace.
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = WRONG_USAGE;
}
