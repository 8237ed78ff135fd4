import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_TEXT_CHARS, platformText } from '../../src/platforms/platform-text.ts';

const unspeakable = { secrets: ['s3cret-key', ''], content: 'Hello dear player, your reward waits' };
const clean = (text: string) => platformText(text, unspeakable);

describe("a platform's words", () => {
  it('become one printable line', () => {
    expect(clean(' a\r\nb\tc\u001b[31m\u202Ed\u2028e\ud83d ')).toBe('a b c [31m d e');
  });

  it('never hold a key, not even a part where they are cut', () => {
    expect(clean('key s3cret-key is bad')).toBe('key [redacted] is bad');
    const long = clean(`${'x'.repeat(MAX_TEXT_CHARS - 5)}s3cret-key`);
    expect(long).not.toContain('s3c');
  });

  it('are withheld when they repeat a piece of the content', () => {
    expect(clean('Too long: "dear player, your…"')).not.toContain('dear');
    expect(clean('Dear developer: too long')).toBe('Dear developer: too long');
    expect(platformText('Hi', { secrets: [], content: 'Hi' })).not.toContain('Hi');
  });

  it('stay short, and whole characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (text) => {
        const line = clean(text);
        expect(line.length).toBeLessThanOrEqual(MAX_TEXT_CHARS);
        expect(line).not.toMatch(/\p{C}/u);
      }),
    );
    expect(clean('🎮'.repeat(200))).toMatch(/^(?:🎮)+…$/u);
  });
});
