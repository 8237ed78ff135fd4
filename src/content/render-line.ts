import { fill, readTemplate, readValues } from './template.ts';

/**
 * A line of plain text, such as a title, with its placeholders filled in; white space within it counts once. Throws
 * ContentError as content does, in the name of the field.
 */
export function renderLine(field: string, text: string, data?: Record<string, unknown>): string {
  const template = readTemplate(text, field);
  return fill(template.text, readValues(template.paths, data)).replace(/\s+/g, ' ').trim();
}
