import { expect, it } from 'vitest';
import { type ChaosOptions, readOptions } from '../../chaos/options.ts';

const read = (...args: string[]): ChaosOptions => readOptions(args, 7) as ChaosOptions;

it('has the faults of its kind of store, and none of the other', () => {
  expect(read()).toMatchObject({ cluster: false, outages: 6, losses: 4, masterKills: 0, slotMoves: 0 });
  expect(read('--cluster')).toMatchObject({ cluster: true, outages: 0, losses: 0, masterFreezes: 4 });
  const asked = read('--cluster', '--master-kills', '20', '--slot-moves', '10', '--messages', '50000');
  expect(asked).toMatchObject({ masterKills: 20, slotMoves: 10, messages: 50_000 });
});

it('refuses what the other kind suffers, and what is no number', () => {
  expect(() => read('--cluster', '--outages', '3')).toThrow('--outages: not with --cluster');
  expect(() => read('--slot-moves', '3')).toThrow('--slot-moves: only with --cluster');
  expect(() => read('--kills', 'many')).toThrow('--kills: expected a number of at least 0');
  expect(() => read('--cluster', '--master-kills=-1')).toThrow('--master-kills: expected');
});
