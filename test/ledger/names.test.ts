import { expect, it } from 'vitest';
import {
  campaignMessageId,
  idempotencyKey,
  jobKey,
  messageKey,
  newNonce,
  recipientKey,
} from '../../src/ledger/names.ts';

it('makes nonces of eight characters that never repeat, across the refills of their pool', () => {
  const nonces = Array.from({ length: 5_000 }, newNonce);
  expect(new Set(nonces).size).toBe(nonces.length);
  expect(nonces.every((nonce) => /^[\w-]{8}$/.test(nonce))).toBe(true);
});

it('names messages and jobs by what they are called, in a fixed length', () => {
  expect(messageKey('welcome')).toBe(messageKey('welcome'));
  expect(messageKey('welcome')).not.toBe(messageKey('welcome2'));
  expect(messageKey('x'.repeat(100))).toMatch(/^[\w-]{11}$/);
  expect(jobKey('m_1')).toMatch(/^[\w-]{6}$/);
});

it('names a message of an envelope by its job and its position, as a script can', () => {
  expect(jobKey('e3_a:0')).toBe(`${jobKey('e3_a').slice(0, 4)}AA`);
  expect(jobKey('e3_a:63').slice(4)).toBe('A_');
  expect(jobKey('e3_a:499').slice(4)).toBe('Hz');
  expect(new Set(Array.from({ length: 500 }, (_, i) => jobKey(`e3_a:${i}`))).size).toBe(500);
});

it('keeps a short recipient as it is and hashes a long one', () => {
  expect(recipientKey('x'.repeat(40))).toBe('x'.repeat(40));
  expect(recipientKey('x'.repeat(41))).toMatch(/^#[\w-]{22}$/);
  expect(recipientKey('x'.repeat(41))).not.toBe(recipientKey('x'.repeat(42)));
});

it('names the message of a campaign by its recipient, whatever that is', () => {
  const id = campaignMessageId('spring', '32');
  expect(id).toMatch(/^spring-[\w-]{11}$/);
  expect(campaignMessageId('spring', '33')).not.toBe(id);
  expect(campaignMessageId('x'.repeat(80), 'y'.repeat(500))).toMatch(/^[\w-]{92}$/);
});

it('names another life of the same message by another key', () => {
  const key = idempotencyKey('forum', 'welcome', '1767225600000');
  expect(key).toMatch(/^[0-9a-f]{32}$/);
  expect(idempotencyKey('forum', 'welcome', '1767225600001')).not.toBe(key);
  expect(idempotencyKey('other', 'welcome', '1767225600000')).not.toBe(key);
});
