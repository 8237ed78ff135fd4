import { describe, expect } from 'vitest';
import { openLine } from '../../chaos/line.ts';
import { createWorker } from '../../src/app.ts';
import { createLogger } from '../../src/observe/log.ts';
import { eventually } from '../support/eventually.ts';
import { it } from '../support/scene.ts';

describe('connections to Redis that go nowhere and never break', () => {
  it('are given up by the worker, which then delivers', async ({ openScene }) => {
    const scene = await openScene();
    const line = await openLine(scene.server.port);
    const lines: string[] = [];
    const logger = createLogger({ destination: { write: (text) => void lines.push(text) } });
    const source = { ...scene.config(), redis: `redis://127.0.0.1:${line.port}` };
    const worker = createWorker(source, { logger });
    try {
      await worker.start();
      await scene.send(21);
      await scene.settled(1);
      line.swallow();
      await scene.send(22);
      expect(await scene.settled(2, { withinMs: 40_000 })).toEqual({ 'delivered/sent': 2 });
      await eventually(
        'the worker to tell of it',
        () => lines.join(''),
        (log) => log.includes('Socket timeout'),
      );
    } finally {
      await worker.close({ deadlineMs: 1_000 });
      await line.close();
    }
  });
});
