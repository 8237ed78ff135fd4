import { describe, expect, it } from 'vitest';
import { checkCost } from '../../src/content/cost.ts';
import { parseMarkdown } from '../../src/content/parse.ts';
import { platforms } from '../../src/platforms/registry.ts';

const LONGEST = 64 * 1024;
/** Of the processor's time. What is aimed at is a quarter of a second; the square of anything takes many seconds. */
const SLOW_MS = 1_500;

const whole = (unit: string, length = LONGEST): string =>
  unit.repeat(Math.ceil(length / unit.length)).slice(0, length);
const rising = (item: (n: number) => string): string => {
  let text = '';
  for (let n = 1; text.length < LONGEST; n += 1) text += item(n);
  return text.slice(0, LONGEST);
};

const HOSTILE: [name: string, markdown: string][] = [
  ['short lines', whole('a\n')],
  ['paragraphs', whole('a\n\n')],
  ['headlines', whole('a\n-\n')],
  ['quotes', whole('> a\n\n')],
  ['lists in lists', whole('- a\n  - b\n')],
  ['lists of two kinds', whole('- a\n+ b\n')],
  ['many emphases', whole('*a* b\n\n')],
  ['escapes', whole('\\*')],
  ['references', whole('&amp;')],
  ['comments that do not end', `x ${whole('<!-- ', 5_000)}${whole('y', 60_000)}`],
  ['instructions that do not end', `x ${whole('<?', 2_000)}${whole('y', 60_000)}`],
  ['attributes that do not end', `x ${whole('<a b="', 6_000)}${whole('y', 58_000)}`],
  ['titles that do not end', `${whole('[a](b "', 4_000)}${whole('y', 60_000)}`],
  ['titles in parentheses', `${whole('[a](b (', 4_000)}${whole('y', 60_000)}`],
  ['code that does not end', rising((n) => `${'`'.repeat(n)} `)],
];

/** The longest beginning of it that is taken. */
function taken(markdown: string): string {
  let [fits, most] = [0, markdown.length];
  while (most - fits > 1) {
    const middle = (fits + most) >> 1;
    if (isTaken(markdown.slice(0, middle))) fits = middle;
    else most = middle;
  }
  return markdown.slice(0, fits);
}

function isTaken(markdown: string): boolean {
  try {
    checkCost(markdown);
    return true;
  } catch {
    return false;
  }
}

function timed(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

describe('Markdown that would hold up its process', () => {
  it.each(HOSTILE)('is refused at once, and quick to parse as far as it is taken: %s', (_, markdown) => {
    const most = taken(markdown);
    expect(timed(() => isTaken(markdown))).toBeLessThan(SLOW_MS);
    expect(most.length).toBeGreaterThan(1_000);
    expect(timed(() => parseMarkdown(most))).toBeLessThan(SLOW_MS);
  });

  it('is told by field and limit, never quoted', () => {
    expect(() => checkCost(whole('secret\n'))).toThrow('content: has more than 4000 lines and marks');
    expect(() => checkCost(`x ${'<? secret '.repeat(1_500)}`)).toThrow(
      'content: begins too much code, HTML or links that do not end',
    );
  });
});

describe('Markdown that people write', () => {
  const words = 'It is **done**, see [the list](https://example.com "All of it") and `run-it`. ';
  it.each([
    ['as much as a forum takes', `${words.repeat(4)}\n\n`.repeat(100).slice(0, 32_000)],
    ['one long paragraph', words.repeat(400)],
    ['a long list', '- **Gold**: 5 * 3 _now_\n'.repeat(500)],
    ['a long numbered list', '12. Press `A` and say "yes" <now>\n'.repeat(400)],
    ['a program', `\`\`\`\n${'if (a < b && c[d] > e) f(`g`);\n'.repeat(300)}\`\`\``],
    ['prose', 'Once upon a time & long ago - in 1999 - there was a "game". '.repeat(500)],
  ])('is taken: %s', (_, markdown) => {
    expect(() => checkCost(markdown)).not.toThrow();
  });
});

const LONG_VALUES: [name: string, value: string][] = [
  ['spaces', `a${' '.repeat(60_000)}b`],
  ['tabs', `a${'\t'.repeat(60_000)}b`],
  ['lines', `a${' \n'.repeat(30_000)}b`],
  ['marks', '*<@`'.repeat(15_000)],
];

describe.each(['kongregate', 'zulip', 'discourse', 'usercom'] as const)('a value for %s', (name) => {
  const render = (content: string, data?: Record<string, unknown>): unknown => {
    const message = { platform: name, to: {}, topicId: 1, agent: 1, content, data };
    return platforms[name].render(
      message as never,
      { maxMessageLength: 1e9, bodyMin: 0, bodyMax: 1e9 } as never,
    );
  };

  it.each(LONG_VALUES)('of many %s holds nothing up, wherever it stands', (_, value) => {
    for (const content of ['x {{ v }}', '`{{ v }}`', '# {{ v }}', '{{ v }}. a', '**{{ v }}**'])
      expect(timed(() => render(content, { v: value }))).toBeLessThan(SLOW_MS);
    expect(timed(() => render(`\`a${value.slice(0, 3_000)}${' '.repeat(50_000)}b\``))).toBeLessThan(SLOW_MS);
  });

  it('is filled in at most so often and so long', () => {
    expect(() => render('{{ v }}'.repeat(501), { v: 'x' })).toThrow(
      'content: has more than 500 placeholders',
    );
    expect(() => render('{{ v }}'.repeat(20), { v: 'x'.repeat(4_000) })).toThrow(
      'data.v: makes more than 65536 characters of values',
    );
    for (const value of ['x'.repeat(130), '\t'.repeat(130)])
      for (const most of [`x${'{{ v }} '.repeat(500)}`, `<a href="http://x/${'{{ v }}'.repeat(500)}">`])
        expect(timed(() => render(most, { v: value }))).toBeLessThan(SLOW_MS);
  });
});
