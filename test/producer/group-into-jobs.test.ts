import { expect, it } from 'vitest';
import { groupIntoJobs, type Limits } from '../../src/producer/group-into-jobs.ts';
import type { PreparedMessage } from '../../src/producer/prepare.ts';

const message = (id: string, fields: Partial<PreparedMessage> = {}): PreparedMessage =>
  ({ id, text: id, channel: 'a', priority: 0, dueAt: undefined, ...fields }) as PreparedMessage;

const grouped = (messages: PreparedMessage[], limits?: Limits): string[] =>
  groupIntoJobs(messages, ({ channel }) => channel, limits).map(({ messages }) =>
    messages.map(({ id }) => id).join(' '),
  );

it('puts messages of one channel, priority and moment together, in the order given', () => {
  const messages = [
    message('1'),
    message('2', { channel: 'b' }),
    message('3'),
    message('4', { priority: 1 }),
    message('5', { dueAt: 7 }),
    message('6', { dueAt: 8 }),
    message('7', { dueAt: 7 }),
    message('8', { priority: 1, dueAt: 7 }),
    message('9'),
  ];
  expect(grouped(messages, { messages: 9, bytes: 99 })).toEqual(['1 3 9', '2', '4', '5 7', '6', '8']);
});

it('begins another job where one is full, by messages and by bytes of UTF-8', () => {
  const many = ['1', '2', '3', '4', '5'].map((id) => message(id));
  expect(grouped(many, { messages: 2, bytes: 99 })).toEqual(['1 2', '3 4', '5']);
  const large = ['ä', 'ö', 'xxxxx', 'y', 'z'].map((id) => message(id));
  expect(grouped(large, { messages: 9, bytes: 6 })).toEqual(['ä ö', 'xxxxx', 'y z']);
});

it('lets a message that is too large for any job of many travel alone', () => {
  const messages = [message('1'), message('2', { text: 'x'.repeat(600_000) }), message('3')];
  expect(grouped(messages)).toEqual(['1', '2', '3']);
});

it('puts messages into a job of their store', () => {
  const jobs = groupIntoJobs(
    ['a1', 'b1', 'a2'].map((id) => message(id)),
    ({ id }) => id[0]!,
  );
  expect(jobs.map(({ store, messages }) => [store, messages.length])).toEqual([
    ['a', 2],
    ['b', 1],
  ]);
});
