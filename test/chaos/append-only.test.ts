import { expect, it } from 'vitest';
import { commandsIn } from '../../chaos/stores/append-only.ts';

const written = (...words: string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
const read = (text: string): string[][] => commandsIn(Buffer.from(text));

it('reads the commands of an append-only file, also those whose words look like its syntax', () => {
  const commands = [['SET', 'a', ''], ['HSET', 'b', 'data', '{"text":"*2\r\n$3"}'], ['EXEC']];
  expect(read(commands.map((words) => written(...words)).join(''))).toEqual(commands);
  expect(read('')).toEqual([]);
});

it('leaves out a command that the end cut off', () => {
  const whole = written('SET', 'a', '1');
  const cut = written('SET', 'b', 'value');
  for (let length = 1; length < cut.length; length += 1)
    expect(read(whole + cut.slice(0, length))).toEqual([['SET', 'a', '1']]);
});
