import { describe, expect, it } from 'vitest';
import { commentsOf, fieldComments } from '../../build/docs/field-comments.ts';

const SOURCE = `
/** A whole shape. */
export const shape = {
  /** One line. */
  first: z.string(),
  /**
   * Several lines
   * make one text.
   */
  second: z
    .object({
      /** Inside. */
      inner: z.string(),
    })
    .optional(),
  bare: z.string(),
};

interface Settings {
  /** No field of a schema. */
  first: string;
}

function shapeOf() {
  return {
    /** Of a function. */
    third: z.string(),
  };
}
`;

describe('the comments of a source', () => {
  it('stand by the path of their field', () => {
    expect(Object.fromEntries(fieldComments(SOURCE))).toEqual({
      'shape.first': 'One line.',
      'shape.second': 'Several lines make one text.',
      'shape.second.inner': 'Inside.',
      'shapeOf.third': 'Of a function.',
    });
  });

  it('are found by the end of a path', () => {
    const comment = commentsOf(SOURCE);
    expect(comment('second.inner')).toBe('Inside.');
    expect(comment('third')).toBe('Of a function.');
    expect(comment('bare')).toBeUndefined();
  });
});
