import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, it } from 'vitest';
import { messageJsonSchema } from '../../src/jobs/message-json-schema.ts';

const published = JSON.parse(readFileSync(new URL('../../message.schema.json', import.meta.url), 'utf8'));

it('is published as it is: run `npm run schema` after a change of the message', () => {
  expect(published).toEqual(JSON.parse(JSON.stringify(messageJsonSchema())));
});

it('tells a message from what is none', () => {
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(published);
  const good = { v: 1, platform: 'kongregate', to: { userId: 32 }, content: 'Hello' };
  expect(validate(good)).toBe(true);
  for (const bad of [
    { ...good, v: 2 },
    { ...good, to: { userId: 'x' } },
    { ...good, subject: 'x' },
    { ...good, content: '' },
    { ...good, meta: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, 'v'])) },
  ])
    expect(validate(bad)).toBe(false);
});
