import { expect, it } from 'vitest';
import { nearestName } from '../../src/message/nearest-name.ts';

const KNOWN = ['platform', 'timeout', 'apiKey', 'rate', 'retry'];

it.each([
  ['tiemout', 'timeout'],
  ['apikey', 'apiKey'],
  ['plattform', 'platform'],
  ['retrys', 'retry'],
  ['x', undefined],
  ['limit', undefined],
  ['t'.repeat(1_000_000), undefined],
])('takes %.20s for %s', (name, meant) => {
  expect(nearestName(name, KNOWN)).toBe(meant);
});
