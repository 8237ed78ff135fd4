import { expect, it } from 'vitest';
import { createAnswers } from '../../chaos/answers.ts';

const kinds = (answers: ReturnType<typeof createAnswers>, forgottenAt: number[] = []) =>
  answers.wrong(forgottenAt.map((at) => ({ at }))).map(({ kind, channel, id }) => `${kind} ${channel} ${id}`);

it('a duplicate must have had another one before it', () => {
  const answers = createAnswers();
  answers.handed('staff-1');
  answers.answered(1_000, 'staff-1', 'queued');
  answers.handed('staff-1');
  answers.answered(2_000, 'staff-1', 'duplicate');
  expect(kinds(answers)).toEqual([]);
  answers.handed('staff-2');
  answers.answered(3_000, 'staff-2', 'duplicate');
  // What comes later is not what it was a duplicate of.
  answers.handed('staff-2');
  expect(kinds(answers)).toEqual(['false_duplicate staff staff-2']);
});

it('of two in one call not both can be duplicates', () => {
  const answers = createAnswers();
  for (let times = 0; times < 2; times += 1) answers.handed('chat-1');
  answers.answered(1_000, 'chat-1', 'duplicate');
  expect(kinds(answers)).toEqual([]);
  answers.answered(1_000, 'chat-1', 'duplicate');
  expect(kinds(answers)).toEqual(['false_duplicate chat chat-1']);
});

it('none is queued twice, unless the store was made to forget the first', () => {
  const answers = createAnswers();
  for (const at of [10_000, 20_000]) {
    answers.handed('forum-1');
    answers.answered(at, 'forum-1', 'queued');
  }
  expect(kinds(answers)).toEqual(['queued_twice forum forum-1']);
  expect(kinds(answers, [15_000])).toEqual([]);
  expect(kinds(answers, [25_000])).toEqual(['queued_twice forum forum-1']);
});
