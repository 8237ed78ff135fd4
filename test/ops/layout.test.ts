import { expect, it } from 'vitest';
import { layOut } from '../../ops/dashboards/layout.ts';

const panel = (w: number, h = 8) => ({ type: 'stat', gridPos: { w, h, x: 0, y: 0 } });

it('places panels side by side, begins a line where one does not fit, and leaves no gap', () => {
  const row = { type: 'row', gridPos: { w: 24, h: 1, x: 0, y: 0 } };
  const panels = [row, panel(8), panel(8), panel(12), panel(6), { ...row }, panel(24)];
  layOut(panels);
  expect(panels.map(({ gridPos: { x, y, w } }) => [x, y, w])).toEqual([
    [0, 0, 24],
    [0, 1, 8],
    [8, 1, 16],
    [0, 9, 12],
    [12, 9, 12],
    [0, 17, 24],
    [0, 18, 24],
  ]);
});
