import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse.ts';
import { readEnvelope } from '../../src/jobs/read-envelope.ts';
import { createMessageSchemas } from '../../src/message/schema.ts';
import { platforms } from '../../src/platforms/registry.ts';

const schemas = createMessageSchemas(platforms);

function read(quota: boolean, to: object, addressing = 'userIds') {
  const source = {
    channels: {
      zulip: {
        platform: 'zulip',
        baseUrl: 'http://127.0.0.1:1',
        email: 'bot@example.com',
        apiKey: 'k',
        quota,
        addressing,
      },
    },
  };
  const readFile = () => '';
  const { channels } = parseConfig(source, { platforms, env: {}, secrets: 'resolve', readFile });
  const data = { v: 1, platform: 'zulip', to, content: 'Hello' };
  const job = { id: 'm_1', text: JSON.stringify(data), timestamp: 1, pickups: 1, stalls: 0 };
  return readEnvelope(job, { channel: channels[0]!, definition: platforms.zulip, schemas }).entries[0];
}

describe('a job of a producer that checks nothing', () => {
  it('is refused where it names several people and each has a quota', () => {
    expect(read(true, { userIds: [1, 2] })).toMatchObject({
      kind: 'invalid',
      problem: 'to: channel "zulip" has a quota and accepts one recipient per message, got 2',
    });
    expect(read(true, { userIds: [1] }).kind).toBe('delivery');
    expect(read(true, { emails: ['Ann@e.com', 'ann@e.com'] }, 'emails').kind).toBe('delivery');
    expect(read(false, { userIds: [1, 2] }).kind).toBe('delivery');
  });

  it('is refused where it names its recipient in another way than the others', () => {
    expect(read(true, { emails: ['a@example.com'] })).toMatchObject({
      kind: 'invalid',
      problem: 'to: channel "zulip" addresses recipients by userIds, got emails',
    });
  });
});
