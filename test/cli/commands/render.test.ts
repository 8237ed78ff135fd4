import { describe, expect, it } from 'vitest';
import { EXIT } from '../../../src/cli/context.ts';
import { herald } from '../test-context.ts';

const message = {
  platform: 'kongregate',
  to: { userId: 32 },
  content: 'Welcome, **{{ name }}**',
  data: { name: 'Ada' },
};
const stdin = JSON.stringify(message);

describe('herald render', () => {
  it('shows the text of the message’s own platform, without a Redis', async () => {
    const { exitCode, stdout } = await herald(['render'], { stdin });
    expect([exitCode, stdout]).toEqual([EXIT.done, '── line 1, kongregate\nWelcome, *Ada*\n']);
  });

  it('shows it on the platforms that are named, to a program in JSON', async () => {
    const argv = [
      'render',
      '--json',
      '--platform',
      'zulip',
      '--platform',
      'usercom',
      '--platform',
      'discourse',
    ];
    const { exitCode, stdout } = await herald(argv, { stdin });
    expect(exitCode).toBe(EXIT.done);
    expect(JSON.parse(stdout)).toEqual({
      line: 1,
      renderings: [
        { platform: 'zulip', text: 'Welcome, **Ada**' },
        { platform: 'usercom', text: '<p>Welcome, <strong>Ada</strong></p>' },
        { platform: 'discourse', text: 'Welcome, **Ada**' },
      ],
    });
  });

  it('tells what is wrong with a message by its line, and shows the rest', async () => {
    const bad = { ...message, data: {} };
    const input = [stdin, JSON.stringify({ ...message, to: {} }), JSON.stringify(bad), 'nonsense'].join('\n');
    const { exitCode, stdout } = await herald(['render'], { stdin: input });
    expect(exitCode).toBe(EXIT.partly);
    expect(stdout.trim().split('\n')).toEqual([
      '── line 1, kongregate',
      'Welcome, *Ada*',
      expect.stringMatching(/^standard input: line 2: to: expected one of userId, username/),
      expect.stringMatching(/^── line 3, kongregate: data\.name: /),
      expect.stringMatching(/^standard input: line 4: not valid JSON/),
    ]);
  });

  it('refuses a platform that is none', async () => {
    const { exitCode, stderr } = await herald(['render', '--platform', 'icq'], { stdin });
    expect(exitCode).toBe(EXIT.usage);
    expect(stderr).toContain('expected one of kongregate, zulip, discourse, usercom');
  });
});
