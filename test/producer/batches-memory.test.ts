import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const script = `
import { inBatches } from ${JSON.stringify(fileURLToPath(new URL('../../dist/src/producer/batches.js', import.meta.url)))};
function* source() { for (let i = 0; i < 400_000; i++) yield { content: String(i).padEnd(400, '.') }; }
let seen = 0;
await inBatches(source(), async ({ items }) => { await null; seen += items.length; });
console.log(seen);
`;

test('a source that is far larger than the heap is read to its end', async () => {
  // 400,000 items of 400 characters are 160 MB.
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--max-old-space-size=48',
    '--input-type=module',
    '--eval',
    script,
  ]);
  expect(stdout.trim()).toBe('400000');
});
