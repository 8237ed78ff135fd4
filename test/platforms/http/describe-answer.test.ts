import { describe, expect, it } from 'vitest';
import { describeAnswer } from '../../../src/platforms/http/describe-answer.ts';
import { answered } from '../answers.ts';

const unspeakable = { secrets: ['s3cret-key'], content: 'Hello dear player, your reward waits' };
const tell = (status: number, body: string, headers: Record<string, string> = {}) =>
  describeAnswer(answered(status, body, headers), unspeakable);

describe('an answer that is not the platform’s', () => {
  it('is told with where it leads', () => {
    expect(tell(301, '', { location: 'https://forum.example.com/posts.json?api_key=s3cret-key#x' })).toBe(
      'HTTP 301 to https://forum.example.com/posts.json, not a response of the API (an empty body): check baseUrl',
    );
  });

  it('is told with the title of its page', () => {
    const page =
      '<!DOCTYPE html><html><head><script>var a = "<b>";</script><title>Log in\n – Example</title></head></html>';
    expect(tell(200, page, { 'content-type': 'text/html; charset=utf-8' })).toBe(
      'HTTP 200, not a response of the API (text/html, "Log in – Example")',
    );
  });

  it('is told with the first words that a page shows', () => {
    const page = '<html><!-- no --><style>a{}</style><body><h1>502</h1><p>Bad gateway</p>';
    expect(tell(502, page)).toContain('"502 Bad gateway"');
    expect(tell(200, '{"ok":true}')).toContain('"{"ok":true}"');
  });

  it.each([
    ['a key in the target', '', { location: 'https://e.example/s3cret-key' }],
    ['a key before the target', '', { location: 'https://user:s3cret-key@e.example/' }],
    ['a key in the page', '<p>key s3cret-key</p>', {}],
    ['a key in the type', 'x', { 'content-type': 's3cret-key' }],
    ['the content', 'You wrote: Hello dear player, your reward waits', {}],
    ['the content in the target', '', { location: 'https://e.example/dear player, your' }],
  ])('never holds %s', (_, body, headers) => {
    const told = tell(400, body, headers as Record<string, string>);
    expect(told).not.toContain('s3cret');
    expect(told).not.toContain('dear');
  });

  it('stays short, whatever it is', () => {
    for (const hostile of [
      '<'.repeat(60_000),
      '<!--'.repeat(15_000),
      '<script>'.repeat(8_000),
      '🎮'.repeat(20_000),
    ]) {
      expect(tell(200, hostile, { location: hostile, 'content-type': hostile }).length).toBeLessThan(700);
    }
  });
});
