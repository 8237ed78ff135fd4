import { Redis as Redis5 } from 'ioredis5';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { FindComment } from '../../build/docs/field-comments.ts';
import { configComments, messageComments, platformComments } from '../../build/docs/sources.ts';
import { createProducer, type MessageInput } from '../../src/app.ts';
import { commonShape } from '../../src/config/channel-schema.ts';
import { commonFields } from '../../src/message/fields.ts';
import { platforms } from '../../src/platforms/registry.ts';
import { startRedis } from '../../src/sandbox/index.ts';

/** What an editor shows of a field is the comment above it, in the sources as in the declarations. */
const SHAPES: [what: string, fields: string[], comment: FindComment][] = [
  ['a message', Object.keys(commonFields), messageComments()],
  ['a channel', Object.keys(commonShape(platforms.kongregate)), configComments()],
  ...Object.values(platforms).flatMap(
    ({ name, messageShape, channelShape }): [string, string[], FindComment][] => [
      [`a message of ${name}`, Object.keys(messageShape), platformComments(name)],
      [`a channel of ${name}`, Object.keys(channelShape), platformComments(name)],
    ],
  ),
];

describe('in an editor', () => {
  it.each(SHAPES)('every field of %s tells what it is', (_, fields, comment) => {
    expect(fields.filter((field) => comment(field) === undefined)).toEqual([]);
  });

  it('a play names its player as a message does', async () => {
    type Play = Parameters<ReturnType<typeof createProducer>['recordPlay']>[0];
    const to: Play['to'] = { userId: 32 } satisfies MessageInput['to'];
    // @ts-expect-error a player has an id or a name
    const wrong: Play['to'] = { nobody: 1 };
    expect(wrong).not.toEqual(to);
  });

  it('an instance of ioredis 5 is taken', async () => {
    const server = await startRedis();
    onTestFinished(() => server.stop());
    const redis = new Redis5(server.url);
    onTestFinished(() => redis.disconnect());
    const producer = createProducer({ redis, channels: ['kongregate'] });
    onTestFinished(() => producer.close());
    const message = { id: 'five', platform: 'kongregate', to: { userId: 32 }, content: 'Hello' } as const;
    expect(await producer.send(message)).toEqual({ status: 'queued', id: 'five' });
  });
});
