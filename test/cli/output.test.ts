import { describe, expect, it } from 'vitest';
import { createOutput, printable } from '../../src/cli/output.ts';
import { testContext } from './test-context.ts';

describe('createOutput', () => {
  it('prints text for people and one line of JSON for programs', () => {
    const people = testContext();
    createOutput(people.context, false).result({ queued: 2 }, () => 'two queued');
    expect(people.stdout()).toBe('two queued\n');
    const program = testContext();
    createOutput(program.context, true).result({ queued: 2 }, () => 'two queued');
    expect(program.stdout()).toBe('{"queued":2}\n');
  });

  it('keeps notes off standard output', () => {
    const { context, stdout, stderr } = testContext();
    createOutput(context, false).note('line 3: bad');
    expect([stdout(), stderr()]).toEqual(['', 'line 3: bad\n']);
  });

  const rows = [
    ['kongregate', 5, null],
    ['forum', 1234, 'paused'],
  ];

  it('aligns bare columns where no terminal is', () => {
    const { context } = testContext();
    expect(createOutput(context, false).table(['channel', 'ready', 'stopped'], rows)).toBe(
      ['channel     ready  stopped', 'kongregate      5  -', 'forum        1234  paused'].join('\n'),
    );
  });

  it('looks the same at a terminal, and keeps to its width', () => {
    const { context } = testContext({ terminal: true, columns: 40 });
    const long = [['kongregate', 5, 'since the platform refused what it was sent']];
    expect(createOutput(context, false).table(['channel', 'ready', 'why'], long)).toBe(
      [
        'channel     ready  why',
        'kongregate      5  since the platform',
        '                   refused what it was',
        '                   sent',
      ].join('\n'),
    );
  });

  it('lets no cell steer the terminal or break its row', () => {
    const { context } = testContext();
    const table = createOutput(context, false).table(['detail'], [['\u001b[2Jgone\nnext\u202e']]);
    expect(table).toBe('detail\n\\u001b[2Jgone\\u000anext\\u202e');
  });
});

describe('printable', () => {
  it('leaves the languages of the world alone', () => {
    expect(printable('Grüße, 世界, שלום, 🎮')).toBe('Grüße, 世界, שלום, 🎮');
  });
});
