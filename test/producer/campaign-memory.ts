import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const built = (file: string): string =>
  JSON.stringify(fileURLToPath(new URL(`../../dist/src/${file}`, import.meta.url)));

/** Starts a campaign of so many recipients in a process of little memory, on a Redis of its own, and answers with the result. */
export async function listInSmallHeap(recipients: number): Promise<{ listed: number }> {
  const script = `
import { createProducer } from ${built('app.js')};
import { startRedis } from ${built('sandbox/index.js')};
const server = await startRedis();
const producer = createProducer({ redis: server.url, channels: ['kongregate'], timeout: '60s' });
async function* source() { for (let i = 1; i <= ${recipients}; i++) yield { to: { userId: 10_000_000 + i } }; }
const spec = { id: 'spring', platform: 'kongregate', content: 'Hello' };
const { listed } = await producer.campaign(spec, source());
console.log(JSON.stringify({ listed }));
await producer.close();
await server.stop();
`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--max-old-space-size=64',
    '--input-type=module',
    '--eval',
    script,
  ]);
  return JSON.parse(stdout);
}
