import { styleText } from 'node:util';
import type { OutputStream } from '../src/cli/context.ts';

export type Style = Parameters<typeof styleText>[0];

/** Puts colour into a text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

/** Colour is for terminals whose owner has not set NO_COLOR. */
export const createPaint = (
  stream: OutputStream,
  env: Readonly<Record<string, string | undefined>>,
): Paint =>
  stream.isTTY === true && !env['NO_COLOR']
    ? (style, text) => styleText(style, text, { validateStream: false })
    : (_, text) => text;
