import { describe, expect, it } from 'vitest';
import { chart, sparkline } from '../../src/board/components/chart.ts';
import { isTyped } from '../../src/board/components/forms.ts';
import { sentence } from '../../src/board/components/time.ts';
import { html } from '../../src/board/html.ts';
import { safeNext, to } from '../../src/board/links.ts';
import { noticeOf } from '../../src/board/notices.ts';
import { absolute, duration, relative } from '../../src/board/words.ts';

const HOSTILE = `"><script>alert('1')</script>&`;

describe('markup', () => {
  it('escapes whatever is put into text and attributes, however deep', () => {
    const made = String(html`<a title="${HOSTILE}">${[[HOSTILE], html`<b>${HOSTILE}</b>`]}</a>`);
    expect(made).not.toContain('<script');
    expect(made.match(/"/g)).toHaveLength(2);
    expect(made).toContain('<b>&quot;&gt;');
  });

  it('leaves out what is absent, and shows numbers', () => {
    expect(String(html`${undefined}${null}${false}${0}`)).toBe('0');
  });

  it('encodes every part of an address', () => {
    expect(to.message('a/../b?c#d', 'x&y')).toBe('/board/messages/a%2F..%2Fb%3Fc%23d?channel=x%26y');
  });

  it('goes after a sign-in to a screen of the board, and nowhere else', () => {
    for (const bad of [
      undefined,
      '',
      'https://evil.example',
      '//evil.example',
      '/board//evil',
      '/boardx',
      '/board\\evil',
      '/other',
    ])
      expect(safeNext(bad)).toBe('/board');
    expect(safeNext('/board/messages/a?channel=b')).toBe('/board/messages/a?channel=b');
  });

  it('shows commands and instants within a sentence, and no markup of it', () => {
    const made = String(
      sentence('Run `herald <x>` at 2026-01-31T12:00:00.000Z', Date.UTC(2026, 0, 31, 12, 1)),
    );
    expect(made).toContain('<code>herald &lt;x&gt;</code>');
    expect(made).toContain(
      '<time datetime="2026-01-31T12:00:00.000Z" title="1 min ago">2026-01-31 12:00:00 UTC</time>',
    );
  });

  it('says of an act only what it knows', () => {
    expect(noticeOf('purged', '12')).toBe('Purged 12 dead letters.');
    expect(noticeOf('purged', '<b>')).toBe('Purged 0 dead letters.');
    for (const unknown of ['<b>', 'constructor', undefined]) expect(noticeOf(unknown, '1')).toBeUndefined();
  });

  it('takes a number that was typed with or without separators', () => {
    expect([isTyped(' 1,204 ', 1204), isTyped('1204', 1204)]).toEqual([true, true]);
    for (const wrong of [undefined, '', '1203', '1204x', '0x4b4']) expect(isTyped(wrong, 1204)).toBe(false);
  });
});

describe('words', () => {
  it('tell durations in their two largest units', () => {
    const minute = 60_000;
    expect(
      [0, 999, 45_000, 90_000, 12.5 * minute, 185 * minute, 52 * 60 * minute, 30 * 24 * 60 * minute].map(
        duration,
      ),
    ).toEqual(['0 s', '0 s', '45 s', '1 min 30 s', '12 min', '3 h 5 min', '2 d 4 h', '30 d']);
  });

  it('tell instants from now on and before', () => {
    expect([relative(0, 0), relative(0, 65_000), relative(65_000, 0)]).toEqual([
      'now',
      '1 min 5 s ago',
      'in 1 min 5 s',
    ]);
    expect(absolute(Number.NaN)).toBe('1970-01-01 00:00:00 UTC');
  });
});

describe('charts', () => {
  const now = 10_000_000;
  const points = [0, 15_000, 30_000, 300_000].map((at, i) => ({ at: now - 300_000 + at, value: i }));

  it('say what they show, and leave a gap where nobody sampled', () => {
    const made = String(sparkline(points, { width: 100, height: 20, now, label: 'Ready' }));
    expect(made).toContain('aria-label="Ready: now 3, in the last hour from 0 to 3"');
    expect(made.match(/<path/g)).toHaveLength(2);
    expect(made).not.toContain('style=');
  });

  it('are empty without a history, and show a limit', () => {
    expect(String(sparkline([], { width: 100, height: 20, now, label: 'Ready' }))).toContain(
      'no history yet',
    );
    const made = String(chart([], { width: 100, height: 20, now, label: 'Ready', limit: 5 }));
    expect(made).toContain('class="limit"');
    expect(made).not.toMatch(/NaN|Infinity/);
  });
});
