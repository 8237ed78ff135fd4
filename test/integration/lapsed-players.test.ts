import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { EXIT } from '../../src/cli/context.ts';
import { herald } from '../cli/test-context.ts';
import { CHANNEL, it } from '../support/environment.ts';

const DAY = 86_400_000;
const DAYS_AGO = [29, 60, 400];

describe('a player table that is imported', () => {
  it('keeps whoever has stopped playing from being called, whenUnknown: send notwithstanding', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment({ channel: { eligibility: { whenUnknown: 'send' } } });
    const dir = await mkdtemp(join(tmpdir(), 'herald-table-'));
    const [config, table] = [join(dir, 'herald.yaml'), join(dir, 'players.csv')];
    await writeFile(config, JSON.stringify(env.config()));
    const rows = [0, ...DAYS_AGO].map((days, i) => `${21 + i},${Date.now() - days * DAY}`);
    await writeFile(table, `userId,at\n${rows.join('\n')}\n`);
    const argv = ['plays', 'import', table, '--channel', CHANNEL, '-c', config];
    expect(await herald(argv)).toMatchObject({ exitCode: EXIT.done });
    await rm(dir, { recursive: true });
    await env.worker();
    for (const userId of [21, 22, 23, 24]) await env.send(userId);
    expect(await env.settled(4)).toEqual({
      'delivered/sent': 1,
      'suppressed/ineligible': DAYS_AGO.length,
    });
    expect(env.sandbox.journal.report()).toMatchObject({ calls: 1 });
  });
});
