/** Herald beside what it could be replaced with: `npm run bench`; docs/speed.md tells what is measured. */
import { runBench } from './bench.ts';
import { readOptions, USAGE } from './options.ts';
import { renderReport } from './report.ts';

const options = readOptions(process.argv.slice(2));
if (options === undefined) process.stdout.write(`${USAGE}\n`);
else {
  const report = await runBench(options, (turn) => void process.stderr.write(`${turn}\n`));
  process.stdout.write(`${options.json ? JSON.stringify(report, null, 2) : renderReport(report)}\n`);
}
