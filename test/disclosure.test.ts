import { expect, it } from 'vitest';
import { z } from 'zod';
import { fieldsMarked, secret } from '../src/disclosure.ts';
import { commonFields } from '../src/message/fields.ts';
import { SECRET_KEYS } from '../src/observe/redact.ts';
import { platforms } from '../src/platforms/registry.ts';

it('the log blots out each field that a schema marks as secret or confidential, by its name', () => {
  const secrets = Object.values(platforms).flatMap(({ channelShape }) =>
    fieldsMarked(channelShape, 'secret'),
  );
  const confidential = fieldsMarked(commonFields, 'confidential');
  expect(confidential).toEqual(['content', 'data']);
  expect(new Set(secrets)).toEqual(new Set(['apiKey']));
  expect([...SECRET_KEYS]).toEqual(expect.arrayContaining([...secrets, ...confidential]));
});

it('a field that was made of a marked one keeps the mark', () => {
  expect(fieldsMarked(commonFields, 'quotable')).toEqual([
    'v',
    'id',
    'channel',
    'format',
    'sendAt',
    'expiresAt',
    'priority',
    'onQuota',
    'lastPlayedAt',
    'traceparent',
    'campaign',
  ]);
  const token = secret(z.string());
  const made = {
    refined: token.refine((text) => text !== '').optional(),
    transformed: token.transform((text) => text.trim()),
    piped: z.string().pipe(token).default('none'),
    either: z.union([z.literal(false), token]),
  };
  expect(fieldsMarked(made, 'secret')).toEqual(Object.keys(made));
});
