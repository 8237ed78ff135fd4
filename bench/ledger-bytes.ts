/** How many bytes of Redis a slot, a play and a message record cost: `npm run bench:ledger [how many]`. */
import Table from 'cli-table3';
import { Redis } from 'ioredis';
import { startRedis } from '../src/sandbox/index.ts';
import { enlistedBytes, playBytes, recordBytes, slotBytes } from './ledger-fill.ts';

const count = Number(process.argv[2] ?? 100_000);
const server = await startRedis();
const redis = new Redis(server.url);
try {
  const plays = await playBytes(redis, count);
  const records = await recordBytes(redis, count);
  print([
    ['a settled slot', await slotBytes(redis, count), 32],
    ['a play', plays, 32],
    ['a message record, enlisted', await enlistedBytes(redis, count), 40],
    ['a message record, live', records.live, 64],
    ['a message record, final', records.final, 64],
  ]);
} finally {
  redis.disconnect();
  await server.stop();
}

function print(rows: [name: string, bytes: number, target: number][]): void {
  const table = new Table({ head: [`of ${count}`, 'bytes', 'target'], style: { head: [], border: [] } });
  for (const [name, bytes, target] of rows) {
    table.push([name, bytes.toFixed(1), `${target} ${bytes <= target ? 'met' : 'missed'}`]);
  }
  console.log(table.toString());
}
