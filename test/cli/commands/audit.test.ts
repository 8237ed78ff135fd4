import { describe, expect } from 'vitest';
import { EXIT } from '../../../src/cli/context.ts';
import { CHANNEL } from '../../support/environment.ts';
import { it } from '../operator-fixture.ts';

describe.concurrent('audit', () => {
  it('lists who did what, newest last, page by page', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    const before = await operator.run(env, ['audit']);
    expect([before.exitCode, before.stdout, before.stderr]).toEqual([EXIT.done, 'nothing was done\n', '']);
    await operator.run(env, ['channel', 'pause', CHANNEL]);
    await operator.run(env, ['channel', 'resume', CHANNEL]);

    const acts = await operator.documents(env, ['audit']);
    const common = { via: 'command', who: expect.stringContaining('@'), channels: [CHANNEL] };
    expect(acts).toMatchObject([
      { ...common, action: 'channel.pause', target: null, messages: null, filter: null, outcome: 'done' },
      { ...common, action: 'channel.resume', outcome: 'done' },
    ]);
    const table = await operator.run(env, ['audit']);
    expect(table.stdout).toMatch(/^at .*\n.* channel\.pause .* kongregate .*\n.* channel\.resume /);

    const newest = await operator.run(env, ['audit', '--limit', '1', '--json']);
    expect(JSON.parse(newest.stdout)).toMatchObject({ action: 'channel.resume' });
    const resumed = acts[1]?.['id'] as string;
    expect(newest.stderr).toBe(`herald: there are older acts; use --limit, or --before ${resumed}\n`);
    const older = await operator.documents(env, ['audit', '--before', resumed]);
    expect(older).toMatchObject([{ action: 'channel.pause' }]);
  });

  it('refuses an id that is none', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    const { exitCode, stderr } = await operator.run(env, ['audit', '--before', 'yesterday']);
    expect(exitCode).toBe(EXIT.usage);
    expect(stderr).toContain('--before');
    expect(stderr).toContain('expected the id of an act, as --json prints it');
  });
});
