// The end of a check: what failed, and why, and one line with the counts. Of a check that ran elsewhere the end of its
// output is often all that is kept, where the runner's own account of an early part has long scrolled away.
// Arguments: the JSON reports of vitest, one a part.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const LINES_A_FAILURE = 25;
const counts = { passed: 0, failed: 0, skipped: 0 };

for (const path of process.argv.slice(2)) {
  const text = readFileSync(path, 'utf8');
  if (text === '') {
    // A part that broke down wrote no report: then none of its tests passed, and one thing failed.
    counts.failed += 1;
    console.log('FAILED a part of the check that ended without a report');
    continue;
  }
  const report = JSON.parse(text);
  counts.passed += report.numPassedTests;
  counts.failed += report.numFailedTests;
  counts.skipped += report.numPendingTests;
  for (const file of report.testResults) tellFailures(file);
}

const { passed, failed, skipped } = counts;
console.log(`${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`);

function tellFailures(file) {
  const name = relative(process.cwd(), file.name);
  const failures = file.assertionResults.filter(({ status }) => status === 'failed');
  for (const { fullName, failureMessages } of failures)
    tell(`${name} > ${fullName}`, failureMessages.join('\n'));
  if (failures.length === 0 && file.status === 'failed') {
    // A file that could not be read, or that failed beside its tests, fails none of them.
    counts.failed += 1;
    tell(name, file.message);
  }
}

function tell(what, why) {
  const lines = why.split('\n').filter((line) => !line.includes('/node_modules/'));
  console.log(`FAILED ${what}\n${lines.slice(0, LINES_A_FAILURE).join('\n')}\n`);
}
