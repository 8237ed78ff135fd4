import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readAnswer, readTopicSearch } from '../../../src/platforms/discourse/answer.ts';
import { discourse } from '../../../src/platforms/discourse/discourse.ts';
import type { DiscourseMessage } from '../../../src/platforms/discourse/message.ts';
import type { DiscourseSettings } from '../../../src/platforms/discourse/settings.ts';
import { answered } from '../answers.ts';
import { describePlatformContract } from '../contract.ts';

const channelShape = z.object(discourse.channelShape);
const settings = channelShape.parse({
  baseUrl: 'https://forum.example.com',
  apiKey: 'sandbox-key',
  apiUsername: 'herald',
}) as DiscourseSettings;
const to = (...usernames: string[]): DiscourseMessage => ({
  content: 'unused',
  title: 'News',
  to: { usernames },
});

describe('Discourse', () => {
  describePlatformContract({
    definition: discourse,
    basePath: '/discourse',
    settings,
    message: (number) => to(`player${number}`),
    delivered: {
      kind: 'delivered',
      reason: 'sent',
      platformMessageId: expect.stringMatching(/^\d+$/) as unknown as string,
    },
    refusals: [
      {
        name: 'rejects an unknown person',
        message: to('player20'),
        outcome: {
          kind: 'rejected',
          reason: 'bad_recipient',
          detail: 'One of the users you are sending this message to could not be found.',
        },
      },
      {
        name: 'rejects a body that is too short',
        message: to('player1'),
        content: 'short',
        outcome: {
          kind: 'rejected',
          reason: 'bad_request',
          detail: 'Body is too short (minimum is 10 characters)',
        },
      },
      {
        name: 'rejects a reply into a topic that is not there',
        message: { content: 'unused', topicId: 77, to: {} },
        outcome: {
          kind: 'rejected',
          reason: 'bad_recipient',
          detail: expect.stringMatching(/^Something has gone wrong. Perhaps this topic was closed/) as never,
        },
      },
      {
        name: 'stops the channel on a wrong key',
        message: to('player1'),
        settings: { apiKey: 'wrong-key' },
        outcome: { kind: 'throttled', reason: 'channel_stopped', stop: 'credentials' },
      },
    ],
  });
});

describe('an answer of Discourse', () => {
  const { similarRefusals, senderRefusals } = settings;
  const unspeakable = { secrets: [], content: 'the content' };
  const context = { now: 0, isReply: false, similarRefusals, senderRefusals, unspeakable };
  const read = (status: number, body: unknown, headers?: Record<string, string>, isReply = false) =>
    readAnswer(answered(status, body, headers), { ...context, isReply });

  it('names the post', () => {
    expect(read(200, { id: 5, topic_id: 7, post_number: 1 })).toEqual({
      kind: 'delivered',
      reason: 'sent',
      platformMessageId: '5',
    });
  });

  it('tells what waits for a moderator from what was delivered', () => {
    expect(read(200, { success: true, action: 'enqueued', pending_post: {} })).toEqual({
      kind: 'delivered',
      reason: 'held_for_review',
    });
  });

  it.each([
    ['nobody', ['You must select a valid user.'], 'bad_recipient'],
    [
      'an unknown person, or one twice',
      ['One of the users you are sending this message to could not be found.'],
      'bad_recipient',
    ],
    ['people who want none', ['Sorry, Bob is not accepting messages at the moment.'], 'bad_recipient'],
    [
      'a topic that is closed',
      ['Something has gone wrong. Perhaps this topic was closed or deleted while you were looking at it?'],
      'bad_recipient',
    ],
    ['too many people', ['Sorry, you can send a message to maximum 30 recipients.'], 'bad_recipient'],
    ['a short body', ['Body is too short (minimum is 10 characters)'], 'bad_request'],
    ['a text of another language', ['Nachricht ist zu kurz'], 'bad_request'],
    ['several', ['One.', 'Two.'], 'bad_request'],
  ])('keeps the text of a refusal: %s', (_, errors, reason) => {
    expect(read(422, { action: 'create_post', errors })).toEqual({
      kind: 'rejected',
      reason,
      detail: errors.join(' '),
    });
  });

  it('lets a text wait that was posted lately, in whatever words it is told', () => {
    const repeated = { kind: 'throttled', reason: 'text_repeated' };
    expect(read(422, { errors: ['Body is too similar to what you recently posted'] })).toMatchObject(
      repeated,
    );
    const german = answered(422, { errors: ['Text ist zu ähnlich'] });
    const similar = { ...context, similarRefusals: ['zu ähnlich'] };
    expect(readAnswer(german, similar)).toMatchObject(repeated);
  });

  it.each([
    [422, 'Sorry, you cannot send a personal message to that user.', undefined, false, 'sender'],
    [422, 'Suspended users are not allowed to post.', undefined, false, 'sender'],
    [403, 'The API username or key is invalid.', 'invalid_access', true, 'credentials'],
  ])('leaves open whose fault it is: %i %s', (status, text, error_type, isReply, about) => {
    const unclear = { kind: 'unclear', about, detail: text };
    expect(read(status, { errors: [text], error_type }, {}, isReply)).toEqual(unclear);
  });

  it('stops the channel when access is refused', () => {
    expect(read(403, { errors: ['Key is invalid.'], error_type: 'invalid_access' })).toEqual({
      kind: 'throttled',
      reason: 'channel_stopped',
      stop: 'credentials',
      detail: 'Key is invalid.',
    });
    expect(read(403, { errors: ['No'], error_type: 'something_else' })).toMatchObject({ kind: 'failed' });
  });

  it.each([
    ['JSON', { error_type: 'rate_limit', extras: { wait_seconds: 12.5 } }, {}, 12_500],
    ['JSON with the longer header', { extras: { wait_seconds: 2 } }, { 'retry-after': '7.5' }, 7_500],
    ['JSON without a wait', { error_type: 'rate_limit', extras: null }, {}, undefined],
    ['plain text', 'Slow down, too many requests.', { 'retry-after': '10' }, 10_000],
    ['HTML of a proxy without any header', '<html><h1>429 Too Many Requests</h1></html>', {}, undefined],
  ])('rests when asked to: %s', (_, body, headers, restMs) => {
    expect(read(429, body, headers)).toMatchObject({ kind: 'throttled', reason: 'rate_limited', restMs });
  });

  it.each([
    ['a 404 for a reply', 404, { errors: ['x'], error_type: 'not_found' }, true, 'rejected'],
    [
      'a 404 for a new message: a wrong address',
      404,
      { errors: ['x'], error_type: 'not_found' },
      false,
      'failed',
    ],
    ['bad parameters', 400, { errors: ['x'], error_type: 'invalid_parameters' }, false, 'rejected'],
    ['a site that is read-only', 503, { errors: ['x'], error_type: 'read_only' }, false, 'unknown'],
    ['errors with 200', 200, { errors: ['x'] }, false, 'unknown'],
  ])('reads %s', (_, status, body, isReply, kind) => {
    expect(read(status, body, {}, isReply)).toMatchObject({ kind });
  });
});

describe('the search for an external id', () => {
  const at = (location: string) => readTopicSearch(answered(301, '', { location }));

  it.each([
    'https://forum.example.com/t/some-title/123.json',
    '/t/some-title/123',
    '/forum/t/123.json',
    'https://forum.example.com/t/2026/123?page=1',
  ])('finds the topic in %s', (location) => {
    expect(at(location)).toEqual({ kind: 'found', topicId: 123 });
  });

  it.each([
    ['a way to somewhere else', answered(302, '', { location: '/login' })],
    ['a 404 that is not Discourse’s', answered(404, '<h1>Not found</h1>')],
    ['a refusal', answered(403, { error_type: 'invalid_access' })],
    ['a topic', answered(200, { id: 5 })],
    ['too many questions', answered(429, '')],
    ['nothing', { kind: 'lost', reason: 'timeout', detail: 'x' } as const],
  ])('proves nothing by %s', (_, result) => {
    expect(readTopicSearch(result)).toMatchObject({ kind: 'unsure' });
  });

  it('proves absence in Discourse’s own words', () => {
    expect(readTopicSearch(answered(404, { errors: ['x'], error_type: 'not_found' }))).toEqual({
      kind: 'not_found',
    });
  });
});

describe('a Discourse message', () => {
  const shape = z.object(discourse.messageShape);
  const BODY = 'A body that is long enough';
  const render = (more: Partial<DiscourseMessage>, channel?: Partial<DiscourseSettings>) =>
    discourse.render({ ...to('ann'), content: BODY, ...more }, channel);

  it.each([
    { usernames: ['ann', 'Bob_2'] },
    { groups: ['staff'] },
    { usernames: ['Ünïcode'], groups: ['staff'] },
    {},
  ])('goes to %o', (recipient) => {
    expect(shape.safeParse({ to: recipient }).success).toBe(true);
  });

  it.each([{ usernames: ['ann,bob'] }, { usernames: [''] }, { usernames: 'ann' }, { users: ['ann'] }])(
    'does not go to %o',
    (recipient) => {
      expect(shape.safeParse({ to: recipient }).success).toBe(false);
    },
  );

  it('needs somebody to go to', () => {
    expect(() => render({ to: {} })).toThrow('to: names no recipient');
    expect(() => render({ to: { usernames: [] } })).toThrow('to: names no recipient');
    expect(render({ to: {}, topicId: 5, title: undefined })).toBe(BODY);
  });

  it('names nobody in a reply, which goes to whoever is in the topic', () => {
    for (const to of [
      { usernames: ['bob'] },
      { groups: ['staff'] },
      { usernames: ['bob'], groups: ['staff'] },
    ])
      expect(() => render({ to, topicId: 5, title: undefined })).toThrow('to: must be {} in a reply');
    expect(render({ to: { usernames: [], groups: [] }, topicId: 5, title: undefined })).toBe(BODY);
  });

  it('goes to addresses only where that is allowed', () => {
    const byMail = { to: { usernames: ['ann@example.com'] } };
    expect(() => render(byMail)).toThrow('allowEmail');
    expect(() => render(byMail, { allowEmail: false })).toThrow('allowEmail');
    expect(render(byMail, { allowEmail: true })).toBe(BODY);
  });

  it('needs a title, unless it is a reply', () => {
    expect(() => render({ title: undefined })).toThrow('title: is missing');
    expect(() => render({ to: {}, topicId: 5 })).toThrow('title: not allowed in a reply');
  });

  it('has the lengths that sites take, unless the channel says otherwise', () => {
    expect(() => render({ title: 'x' })).toThrow(
      'title: is 1 characters long, the platform requires at least 2',
    );
    expect(() => render({ title: 'x'.repeat(256) })).toThrow(
      'title: is 256 characters long, the platform accepts at most 255',
    );
    expect(() => render({ title: '{{ t }}', data: { t: 'x'.repeat(256) } })).toThrow('title: is 256');
    expect(() => render({ content: '123456789' })).toThrow(
      'content: is 9 characters long, the platform requires at least 10',
    );
    expect(() => render({ content: 'x'.repeat(32_001) })).toThrow('at most 32000');
    expect(render({ content: 'x' }, { bodyMin: 1 })).toBe('x');
    expect(render({ title: 'x' }, { titleMin: 1 })).toBe(BODY);
    expect(() => render({}, { bodyMax: 20 })).toThrow('at most 20');
    expect(() => render({}, { titleMax: 3 })).toThrow('at most 3');
  });

  it.each([
    [':tada:'.repeat(9), 9],
    [`short${'.'.repeat(50)}`, 6],
    [`a${','.repeat(50)}bc`, 4],
  ])('is counted as the site counts it, where too little is said: %.20s', (content, length) => {
    expect(() => render({ content, format: 'native' })).toThrow(`content: is ${length} characters long`);
    expect(() => render({ content, format: 'native' }, { bodyMin: length })).not.toThrow();
    expect(() => render({ title: content }, { titleMin: length + 1 })).toThrow(
      `title: is ${length} characters`,
    );
  });

  it('is counted as it is, where too much is said', () => {
    expect(() => render({ content: ':tada:'.repeat(5), format: 'native' }, { bodyMax: 29 })).toThrow('is 30');
    expect(() => render({ content: ' '.repeat(20) + BODY, format: 'native' }, { bodyMax: 40 })).toThrow(
      'is 46',
    );
  });

  it('goes to as many people as the site lets a member write to, unless the channel says otherwise', () => {
    const usernames = Array.from({ length: 31 }, (_, n) => `player${n}`);
    expect(() => render({ to: { usernames } })).toThrow(
      'to: has 31 recipients, the platform accepts at most 30',
    );
    expect(render({ to: { usernames } }, { maxRecipients: 31 })).toBe(BODY);
    expect(render({ to: { usernames: usernames.slice(1), groups: ['staff'] } })).toBe(BODY);
    expect(render({ to: { usernames: [...usernames.slice(1), 'PLAYER1'] } })).toBe(BODY);
  });

  it('is not archived where groups would lose it out of their inboxes', () => {
    const archive = 'archive: would also archive it in the inbox of each';
    expect(() => render({ to: { usernames: ['ann'], groups: ['helpers'] }, archive: true })).toThrow(archive);
    expect(() => render({ to: { usernames: ['Staff'] }, archive: true })).toThrow(archive);
    expect(render({ archive: true })).toBe(BODY);
  });

  it('fills the title like the body, and says which of them is wrong', () => {
    expect(() => render({ title: 'Hi {{ name }}' })).toThrow('data.name');
    expect(() => render({ title: '{% x %}' })).toThrow('title: {% is not supported');
  });

  it('names its recipients the same way, whatever the order', () => {
    const key = (message: Partial<DiscourseMessage>) => discourse.recipient({ ...to(), ...message });
    expect(key(to('Bob', 'ann', 'bob'))).toEqual({ addressing: 'usernames', key: 'ann,bob' });
    expect(key(to('JOSE\u0301'))).toEqual(key(to('jos\u00e9')));
    expect(key({ to: { groups: ['staff'] } })).toEqual({ addressing: 'groups', key: 'staff' });
    expect(key({ to: { usernames: ['ann'], groups: ['staff'] } })).toEqual({
      addressing: 'mixed',
      key: 'ann,staff',
    });
    expect(key({ to: {}, topicId: 5 })).toEqual({ addressing: 'topicId', key: 'topic 5' });
  });

  it('keeps no quota over people who can be named in two ways', () => {
    const { unquotable } = discourse;
    expect(unquotable!(settings)).toBeUndefined();
    expect(unquotable!({ ...settings, allowEmail: true })).toMatchObject({ field: 'allowEmail' });
    expect(unquotable!({ ...settings, addressing: 'mixed' })).toMatchObject({ field: 'addressing' });
  });

  it('belongs to the one who writes', () => {
    expect(discourse.account({ ...settings, apiUsername: 'Herald' })).toBe('herald');
  });
});
