// The end of a check: what failed, and why, and one line with the counts. Of a check that ran elsewhere the end of its
// output is often all that is kept, where the runner's own account of an early part has long scrolled away.
// Arguments: `<name> <exit code> <vitest's JSON report>`, one a part.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const LINES_A_FAILURE = 25;
const counts = { passed: 0, failed: 0, skipped: 0 };

for (const part of process.argv.slice(2)) {
  const [name, code, path] = part.split(' ');
  const before = counts.failed;
  const report = read(path);
  counts.passed += report?.numPassedTests ?? 0;
  counts.skipped += report?.numPendingTests ?? 0;
  for (const file of report?.testResults ?? []) tellFailures(file);
  // It broke down, or an error was nobody's: none of its tests failed, and one thing did.
  if (code !== '0' && counts.failed === before) tell(`${name}, which ended with ${code}`);
}

const { passed, failed, skipped } = counts;
console.log(`${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`);

/** Undefined where a part broke down before it wrote one. */
function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

function tellFailures(file) {
  const name = relative(process.cwd(), file.name);
  const failures = file.assertionResults.filter(({ status }) => status === 'failed');
  for (const { fullName, failureMessages } of failures)
    tell(`${name} > ${fullName}`, failureMessages.join('\n'));
  // It could not be read, or a hook failed.
  if (failures.length === 0 && file.status === 'failed') tell(name, file.message);
}

function tell(what, why = '') {
  counts.failed += 1;
  const lines = why.split('\n').filter((line) => !/^\s+at .*\/node_modules\//.test(line));
  console.log(
    `FAILED ${what}\n${lines.slice(0, LINES_A_FAILURE).join('\n') || '(its output above says why)'}\n`,
  );
}
