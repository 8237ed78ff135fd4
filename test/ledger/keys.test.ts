import { readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { DEAD_REASONS } from '../../src/outcome.ts';
import {
  accountKey,
  CHANNELS_KEY,
  channelKey,
  channelKeys,
  DIRECTORY_MARK_KEY,
  PROBE_KEY,
} from '../../src/redis/keys.ts';
import { createScript } from '../../src/redis/script.ts';
import { eventually } from '../../testing/eventually.ts';
import { CHANNEL, it, LONG_WINDOW_MS } from '../support/environment.ts';

const keys = channelKeys(CHANNEL);

/** What the scripts call each key of the list. */
const IN_SCRIPTS = {
  LEDGER: keys.ledger,
  RECEIPTS: keys.receipts,
  RECORDS: keys.tables.records,
  SLOTS: keys.tables.slots,
  PLAYS: keys.tables.plays,
  CLAIMS: keys.tables.claims,
  CHANNEL: keys.state,
  WAITS: keys.waits,
  WAITS_DUE: keys.waitsDue,
  "waits_since('quota')": keys.waitsSince('quota'),
  POLICY: keys.policy,
  EPOCH: keys.epoch,
  PERMISSIONS: keys.permissions,
  DEAD_LETTERS: keys.deadLetters,
  DEAD_LETTER_DATA: keys.deadLetterData,
  DEAD_LETTER_IDS: keys.deadLetterIds,
  "dead_letters_of('stalled')": keys.deadLettersOf('stalled'),
  CAMPAIGNS: keys.campaigns,
  "campaign_key('spring')": keys.campaign('spring'),
  "campaign_chunks('spring')": keys.campaignChunks('spring'),
};

/** The parts of a BullMQ queue, its jobs and what it keeps beside them. */
const OF_QUEUE =
  /^(?:active|completed|delayed|events|failed|id|limiter|marker|meta|metrics:.*|paused|pc|prioritized|repeat|stalled|stalled-check|wait|waiting-children|de:.+|m_\w+(?::[#@].*)?(?::lock)?|\d+(?::lock)?)$/;

function isListed(key: string): boolean {
  const {
    tables,
    sample,
    sampleTurn: _,
    deadLettersOf,
    waitsSince,
    campaign,
    campaignChunks: __,
    ...named
  } = keys;
  const fixed = [...Object.values(named), ...Object.values(tables), ...DEAD_REASONS.map(deadLettersOf)];
  if ([...fixed, CHANNELS_KEY, DIRECTORY_MARK_KEY, PROBE_KEY].includes(key) || key.startsWith(accountKey('')))
    return true;
  if (Object.values(tables).some((table) => /^:\d+$/.test(key.replace(table, '')))) return true;
  if ([sample(''), campaign(''), waitsSince('')].some((prefix) => key.startsWith(prefix))) return true;
  const base = `${channelKey(CHANNEL)}:`;
  return key.startsWith(base) && OF_QUEUE.test(key.slice(base.length));
}

describe('the keys', () => {
  it('have the same names in the scripts', async ({ openEnvironment }) => {
    const { redis } = await openEnvironment();
    const list = readFileSync(new URL('../../src/ledger/lua/keys.lua', import.meta.url), 'utf8');
    const names = Object.keys(IN_SCRIPTS);
    const script = createScript(`${list}\nreturn { ${names.join(', ')} }`);
    const texts = await script.run(redis, [keys.ledger, keys.receipts], []);
    expect(texts).toEqual(Object.values(IN_SCRIPTS));
  });

  it('of a running installation are all on the list', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    await env.worker();
    await env.producer.recordPlay({ channel: CHANNEL, to: { userId: 11 }, at: new Date() });
    for (const userId of [11, 12]) await env.send(userId);
    const afterTheWindow = new Date(Date.now() + 2 * LONG_WINDOW_MS).toISOString();
    await env.send(11, { onQuota: 'defer', expiresAt: afterTheWindow });
    await env.addForeign({ v: 1, platform: 'kongregate' });
    await eventually(
      'three final states',
      () => env.receipts(),
      (receipts) => receipts.length === 3,
    );
    const found = await eventually(
      'the shared sample, and the message that waits for the next window',
      () => env.redis.keys('*'),
      (all) => all.includes(keys.waits) && all.some((key) => key.startsWith(keys.sample(''))),
    );
    expect(found.filter((key) => !isListed(key))).toEqual([]);
    expect(found).toEqual(
      expect.arrayContaining([
        ...[CHANNELS_KEY, PROBE_KEY, keys.receipts, keys.workers, keys.policy, keys.epoch, keys.waits],
        ...[keys.tables.records, keys.tables.slots, keys.tables.plays],
        ...[keys.deadLetters, keys.deadLetterData, keys.deadLetterIds, keys.deadLettersOf('invalid_message')],
      ]),
    );
  });
});
