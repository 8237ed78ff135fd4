import { describe, expect, it } from 'vitest';
import { ContentError } from '../../src/content/content.ts';
import { addressingProblem, fitProblem, renderedOrProblem } from '../../src/message/fit.ts';

const message = { platform: 'zulip', to: { userIds: [1] } };
const recipient = { addressing: 'userIds', key: '1' };
const channel = { name: 'staff', platform: 'zulip', addressing: 'userIds', quota: { max: 1 } };

describe('a message and its channel', () => {
  it('fit, by name or without one', () => {
    for (const named of [message, { ...message, channel: 'staff' }])
      expect(fitProblem(named, recipient, channel)).toBeUndefined();
  });

  it('fit where only the name of the channel is known', () => {
    const listed = { name: 'staff', platform: undefined, quota: null };
    expect(fitProblem(message, recipient, listed)).toBeUndefined();
  });

  it.each([
    [
      'another platform',
      { ...message, platform: 'discourse' },
      recipient,
      'platform',
      'channel "staff" accepts zulip messages, got discourse',
    ],
    [
      'the queue of another channel',
      { ...message, channel: 'other' },
      recipient,
      'channel',
      'the queue of channel "staff" accepts only its own messages, got one for "other"',
    ],
    [
      'another addressing',
      message,
      { addressing: 'emails', key: 'a@example.com' },
      'to',
      'channel "staff" addresses recipients by userIds, got emails',
    ],
    [
      'several recipients',
      { ...message, to: { userIds: [1, 2, 2] } },
      recipient,
      'to',
      'channel "staff" has a quota and accepts one recipient per message, got 2',
    ],
  ])('do not fit: %s', (_, given, to, path, text) => {
    expect(fitProblem(given, to, channel)).toEqual({ path, message: text });
  });

  it('count a name in two spellings as one recipient', () => {
    const to = { emails: ['Zo\u00eb@example.com', 'zoe\u0308@EXAMPLE.com'] };
    expect(fitProblem({ ...message, to }, recipient, channel)).toBeUndefined();
  });

  it('fit without a quota however many recipients there are, and however they are addressed', () => {
    const open = { ...channel, quota: null };
    const others = { ...message, to: { emails: ['a@example.com', 'b@example.com'] } };
    expect(fitProblem(others, { addressing: 'emails', key: 'a,b' }, open)).toBeUndefined();
  });
});

it('a play is addressed as its channel addresses recipients, also without a quota', () => {
  expect(addressingProblem(recipient, channel)).toBeUndefined();
  expect(addressingProblem(recipient, { name: 'staff' })).toBeUndefined();
  expect(addressingProblem({ addressing: 'emails', key: 'a' }, channel)?.path).toBe('to');
});

describe('rendering', () => {
  it('answers the text, or the field that keeps it from being sent', () => {
    expect(renderedOrProblem(() => 'text')).toBe('text');
    const failing = (error: Error) => () => {
      throw error;
    };
    expect(renderedOrProblem(failing(new ContentError('title', 'is missing')))).toEqual({
      path: 'title',
      message: 'is missing',
    });
    expect(() => renderedOrProblem(failing(new RangeError('a bug')))).toThrow('a bug');
  });
});
