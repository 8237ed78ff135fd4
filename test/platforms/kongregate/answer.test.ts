import { describe, expect, it } from 'vitest';
import { readAnswer } from '../../../src/platforms/kongregate/answer.ts';

const context = {
  now: Date.UTC(2026, 0, 1),
  quotaRefusals: ['per day', 'once a day', 'already', 'daily'],
  unspeakable: { secrets: ['the-key'], content: 'the content of the message' },
};

function read(body: unknown, status = 200, headers: Record<string, string> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const { kind, ...rest } = readAnswer({ kind: 'answered', status, headers, text }, context);
  return [kind, 'reason' in rest ? rest.reason : undefined];
}

const refused = (text: string) => ({ success: false, errors: [text] });

describe('an answer of Kongregate', () => {
  it.each([
    ['success', { success: true }, 'delivered', 'sent'],
    ['success with more', { success: true, id: 5 }, 'delivered', 'sent'],
    [
      'not played',
      refused("Game cannot send a PM to someone who hasn't played the game within 2 weeks."),
      'suppressed',
      'ineligible',
    ],
    ['not played, curly', refused('someone who hasn’t played the game'), 'suppressed', 'ineligible'],
    ['the daily limit', refused('Only one message PER DAY'), 'throttled', 'quota_refused'],
    ['the daily limit in other words', refused('User was already messaged'), 'throttled', 'quota_refused'],
    [
      'credentials',
      { success: false, error: 403, error_description: 'Invalid credentials' },
      'throttled',
      'channel_stopped',
    ],
    ['credentials as text', { success: false, error: '403' }, 'throttled', 'channel_stopped'],
    ['a bad key in the first envelope', refused('Invalid API key'), 'throttled', 'channel_stopped'],
    ['400', { success: false, error: 400, error_description: 'No.' }, 'rejected', 'bad_request'],
    ['429 within', { success: false, error: 429 }, 'throttled', 'rate_limited'],
    ['500 within', { success: false, error: 500, error_description: 'Oops' }, 'unknown', 'server_error'],
    ['an unknown user', refused('User not found'), 'rejected', 'bad_recipient'],
    ['an unknown user, otherwise', refused("Couldn't find user with id 5"), 'rejected', 'bad_recipient'],
    ['any other error', refused('Content is not nice'), 'rejected', 'bad_request'],
    [
      'errors as an object',
      { success: false, errors: { user: ['does not exist'] } },
      'rejected',
      'bad_request',
    ],
    [
      'a 403 that speaks of the player alone',
      { success: false, error: 403, error_description: 'No such user' },
      'rejected',
      'bad_recipient',
    ],
    ['a player who wants none', refused('User has blocked messages'), 'rejected', 'bad_recipient'],
    [
      'a game that may not',
      refused('Private messages are not enabled for this game.'),
      'throttled',
      'channel_stopped',
    ],
    [
      'a game that no more may',
      refused('This game is no longer allowed to send PMs.'),
      'throttled',
      'channel_stopped',
    ],
    ['a bare refusal', { success: false }, 'rejected', 'bad_request'],
    ['errors without success', { errors: ['Nope'] }, 'rejected', 'bad_request'],
    ['a blank', '', 'unknown', 'unreadable_answer'],
    ['spaces', ' \n', 'unknown', 'unreadable_answer'],
    ['HTML', '<html>', 'unknown', 'unreadable_answer'],
    ['half of it', '{"success":tr', 'unknown', 'unreadable_answer'],
    ['an empty object', {}, 'unknown', 'unreadable_answer'],
    ['a list', [], 'unknown', 'unreadable_answer'],
    ['null', 'null', 'unknown', 'unreadable_answer'],
    ['success as text', { success: 'true' }, 'unknown', 'unreadable_answer'],
  ])('%s', (_, body, kind, reason) => {
    expect(read(body)).toEqual([kind, reason]);
  });

  it.each([
    [201, { success: true }, 'delivered', 'sent'],
    [204, '', 'unknown', 'unreadable_answer'],
    [400, { success: false, error: 403 }, 'throttled', 'channel_stopped'],
    [
      403,
      { success: false, error: 403, error_description: 'Invalid credentials' },
      'throttled',
      'channel_stopped',
    ],
    [403, '<html>Attention required</html>', 'failed', 'not_connected'],
    [404, 'Not here', 'failed', 'not_connected'],
    [413, '', 'rejected', 'bad_request'],
    [302, { success: true }, 'unknown', 'unreadable_answer'],
    [500, { success: true }, 'unknown', 'server_error'],
    [503, refused('User not found'), 'unknown', 'server_error'],
    [429, { success: true }, 'throttled', 'rate_limited'],
  ])('HTTP %i %o', (status, body, kind, reason) => {
    expect(read(body, status)).toEqual([kind, reason]);
  });

  it('keeps the text of a refusal, made fit', () => {
    const outcomeOf = (text: string) =>
      readAnswer(
        { kind: 'answered', status: 200, headers: {}, text: JSON.stringify(refused(text)) },
        context,
      );
    expect(outcomeOf('Bad\nthing')).toMatchObject({ detail: 'Bad thing' });
    expect(outcomeOf('')).toMatchObject({ detail: 'refused, no reason given' });
    expect(outcomeOf('No: the content of the message')).toMatchObject({
      detail: expect.stringContaining('withheld'),
    });
  });

  it('takes the words for the daily limit from the channel', () => {
    const answer = {
      kind: 'answered',
      status: 200,
      headers: {},
      text: JSON.stringify(refused('Quota used up')),
    } as const;
    expect(readAnswer(answer, context)).toMatchObject({ kind: 'rejected' });
    expect(readAnswer(answer, { ...context, quotaRefusals: ['QUOTA'] })).toMatchObject({
      reason: 'quota_refused',
    });
  });
});
