import { expect, it } from 'vitest';
import { readRecipients } from '../../../src/cli/input/recipients.ts';
import { readLines } from '../../../src/lines.ts';
import { platforms } from '../../../src/platforms/registry.ts';

async function read(text: string, platform: keyof typeof platforms = 'kongregate') {
  const entries = [];
  const lines = readLines([Buffer.from(text)] as unknown as AsyncIterable<Uint8Array>);
  for await (const entry of readRecipients(lines, platforms[platform])) entries.push(entry);
  return entries;
}

it('reads CSV: columns of the recipient, the last play, and values of data', async () => {
  const text = 'userId,name,lastPlayedAt\n32,"Ann, the first",2026-01-31T12:00:00Z\n33, Bob ,\n';
  expect(await read(text)).toEqual([
    {
      line: 2,
      value: {
        to: { userId: 32 },
        data: { name: 'Ann, the first' },
        lastPlayedAt: new Date('2026-01-31T12:00:00Z'),
      },
    },
    { line: 3, value: { to: { userId: 33 }, data: { name: 'Bob' } } },
  ]);
});

it('knows columns of the recipient in any case, and values of data as they are written', async () => {
  expect(await read('USERID,Name,data.userId\n32,Ann,own\n')).toEqual([
    { line: 2, value: { to: { userId: 32 }, data: { Name: 'Ann', userId: 'own' } } },
  ]);
});

it('takes an empty cell for no value', async () => {
  expect(await read('userId,username,name\n32,,\n,ann,Ann\n,,x\n')).toEqual([
    { line: 2, value: { to: { userId: 32 } } },
    { line: 3, value: { to: { username: 'ann' }, data: { name: 'Ann' } } },
    { line: 4, problem: 'expected one of userId, username' },
  ]);
});

it('gives each field the kind of value that its platform takes', async () => {
  expect(await read('username\n123\n')).toEqual([{ line: 2, value: { to: { username: '123' } } }]);
  expect(await read('userIds\n7\n', 'zulip')).toEqual([{ line: 2, value: { to: { userIds: [7] } } }]);
  expect(await read('usernames\n7\n', 'discourse')).toEqual([
    { line: 2, value: { to: { usernames: ['7'] } } },
  ]);
  // The producer says what is wrong with it.
  expect(await read('userId\n0x7\n')).toEqual([{ line: 2, value: { to: { userId: '0x7' } } }]);
});

it('reports a line with too many fields, a misplaced quote and an instant that is none', async () => {
  const text = 'userId,lastPlayedAt\n32,,x\n"33,\n34,1700000000\n35,yesterday\n36\n';
  expect(await read(text)).toEqual([
    { line: 2, problem: 'has 3 fields, the header has 2' },
    { line: 3, problem: 'misplaced quote' },
    { line: 4, problem: 'lastPlayedAt: expected milliseconds, not seconds' },
    { line: 5, problem: 'lastPlayedAt: expected an ISO instant such as 2026-01-31T12:00:00Z' },
    { line: 6, value: { to: { userId: 36 } } },
  ]);
});

it('refuses a file without a header, and tells what one would name', async () => {
  expect(await read('32\n33\n')).toEqual([
    { line: 1, problem: 'expected a header with one of userId, username' },
  ]);
});

it('refuses a header that has a column twice: nobody could say which is meant', async () => {
  expect(await read('userId,UserID,name\n32,33,Ann\n')).toEqual([
    { line: 1, problem: 'the header has userId twice' },
  ]);
  expect(await read('userId,name,data.name\n32,Ann,Bob\n')).toEqual([
    { line: 1, problem: 'the header has name twice' },
  ]);
  expect(await read('userId,data.userId\n32,Ann\n')).toEqual([
    { line: 2, value: { to: { userId: 32 }, data: { userId: 'Ann' } } },
  ]);
});

it('reads NDJSON in the shape of the call, or with the names of the columns', async () => {
  const text = [
    '{"to":{"userId":32},"data":{"name":"Ann"}}',
    '{"userId":33,"name":"Bob","score":{"won":3}}',
    '[34]',
    '{"name":"Cy"}',
    '{"userId":',
  ].join('\n');
  expect(await read(text)).toEqual([
    { line: 1, value: { to: { userId: 32 }, data: { name: 'Ann' } } },
    { line: 2, value: { to: { userId: 33 }, data: { name: 'Bob', score: { won: 3 } } } },
    { line: 3, problem: 'expected an object' },
    { line: 4, problem: 'expected one of userId, username' },
    { line: 5, problem: expect.stringMatching(/^not valid JSON/) },
  ]);
});

it('lets no column change what an object inherits', async () => {
  const [entry] = await read('userId,data.__proto__\n32,x\n');
  expect(Object.keys((entry as { value: { data: object } }).value.data)).toEqual(['__proto__']);
});

it('ignores empty columns behind the last, as spreadsheets write them, and names an empty one before', async () => {
  expect(await read('userId,name,,\n32,Ann,,\n33,Bob\n34,Eve,x,\n')).toEqual([
    { line: 2, value: { to: { userId: 32 }, data: { name: 'Ann' } } },
    { line: 3, value: { to: { userId: 33 }, data: { name: 'Bob' } } },
    { line: 4, problem: 'has 4 fields, the header has 2' },
  ]);
  expect(await read('userId,,name\n32,,Ann\n')).toEqual([
    { line: 1, problem: 'the header has no name in column 2' },
  ]);
});
