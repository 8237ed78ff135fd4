import { readdirSync, readFileSync } from 'node:fs';
import { Redis as Redis5 } from 'ioredis5';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createProducer, type MessageInput } from '../../src/app.ts';
import { commonShape } from '../../src/config/schema.ts';
import { commonFields } from '../../src/message/fields.ts';
import { platforms } from '../../src/platforms/registry.ts';
import { startRedis } from '../../src/sandbox/index.ts';

/** What an editor shows of a field is the comment above it, in the sources as in the declarations. */
const source = (path: string): string => readFileSync(new URL(`../../src/${path}`, import.meta.url), 'utf8');
const folder = (path: string): string =>
  readdirSync(new URL(`../../src/${path}`, import.meta.url))
    .map((file) => source(`${path}/${file}`))
    .join('\n');
const SHAPES: [file: string, fields: string[]][] = [
  ['message/fields.ts', Object.keys(commonFields)],
  ['config/schema.ts', Object.keys(commonShape(platforms.kongregate))],
  ...Object.values(platforms).map(({ name, messageShape, channelShape }): [string, string[]] => [
    name,
    [...Object.keys(messageShape), ...Object.keys(channelShape)],
  ]),
];

describe('in an editor', () => {
  it.each(SHAPES)('every field of %s tells what it is', (file, fields) => {
    const text = file.endsWith('.ts') ? source(file) : folder(`platforms/${file}`);
    const documented = fields.filter((field) => new RegExp(`\\*/\\n\\s+${field}[:,]`).test(text));
    expect(documented).toEqual(fields);
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
