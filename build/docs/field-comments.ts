/**
 * The comments above the fields of a schema, read from its source. They are what an editor shows, and the only place
 * where a field is described: the pages of docs/ and the JSON Schema take their texts from here.
 */

const BLOCK = /^(?:export )?(?:const|function) (\w+)/;
const FIELD = /^(\s+)(\w+)(?::|,$)/;
const COMMENT = /^\s*\/\*\*\s*(.*?)\s*(\*\/)?$/;
const COMMENT_LINE = /^\s*(?:\*(?!\/))?\s?(.*?)\s*(\*\/)?$/;

interface Level {
  indent: number;
  name: string;
}

/**
 * @returns the text of each comment, in one line, by the path of its field: the constant or function at the top level,
 *   then the fields that enclose it (`commonShape.retry.attempts`). It relies on the indentation, which the formatter
 *   keeps.
 */
export function fieldComments(source: string): Map<string, string> {
  const comments = new Map<string, string>();
  let levels: Level[] = [];
  let comment: string[] | undefined;
  let open = false;
  for (const line of source.split('\n')) {
    if (open || COMMENT.test(line)) {
      const [, text = '', end]: string[] = (open ? COMMENT_LINE : COMMENT).exec(line)!;
      comment = [...(open ? comment! : []), text];
      open = end === undefined;
      continue;
    }
    const [, indent, name] = FIELD.exec(line) ?? [];
    if (indent !== undefined && name !== undefined && levels.length > 0) {
      levels = [...levels.filter((level) => level.indent < indent.length), { indent: indent.length, name }];
      const path = levels.map((level) => level.name).join('.');
      if (comment) comments.set(path, comment.join(' ').trim());
    } else if (/^\w/.test(line)) {
      const block = BLOCK.exec(line)?.[1];
      levels = block === undefined ? [] : [{ indent: 0, name: block }];
    }
    comment = undefined;
  }
  return comments;
}

/** Finds the comment of a field by the end of its path; the least deep field wins. */
export type FindComment = (path: string) => string | undefined;

export function commentsOf(...sources: string[]): FindComment {
  const comments = sources.flatMap((source) => [...fieldComments(source)]);
  return (path) =>
    comments
      .filter(([key]) => `.${key}`.endsWith(`.${path}`))
      .toSorted(([a], [b]) => a.split('.').length - b.split('.').length)[0]?.[1];
}
