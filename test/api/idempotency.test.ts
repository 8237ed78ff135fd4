import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const built = fileURLToPath(new URL('../../dist/src/api/idempotency.js', import.meta.url));
const script = `
import { idempotentBody } from ${JSON.stringify(built)};
const store = { read: async (_, from, to) => 'others'.repeat((to + 1 - from) / 6), write: async () => {} };
const body = idempotentBody({ id: 'a' }, 'key', store);
let refused = 0;
for (let first = 0; first < 500_000; first += 500) {
  const lines = Array.from({ length: 500 }, (_, i) => ({ index: first + i, text: '' }));
  const { reused, remember } = await body.recall(lines);
  refused += reused.size;
  await remember([]);
}
console.log(refused);
`;

test('a stream takes no more memory for each line that is refused because its key was used', async () => {
  // What is kept of 500,000 lines does not fit.
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--max-old-space-size=24',
    '--input-type=module',
    '--eval',
    script,
  ]);
  expect(stdout.trim()).toBe('500000');
});
