import { z } from 'zod';
import { renderContent } from '../../content/render.ts';
import { type Entry, type Place, placeText } from '../../lines.ts';
import { renderedOrProblem } from '../../message/fit.ts';
import { problemsText, problemText } from '../../message/problems.ts';
import { type MessageOf, messageSchemasOf } from '../../message/schema.ts';
import type { PlatformDefinition } from '../../platforms/port.ts';
import { platforms } from '../../platforms/registry.ts';
import { EXIT } from '../context.ts';
import { readJson } from '../input/messages.ts';
import { openSource } from '../input/source.ts';
import { collected, parsedBy } from '../option-values.ts';
import { type Output, printable } from '../output.ts';
import type { AddCommand, Run } from '../shell.ts';

interface RenderOptions {
  platform?: string[];
}

/** What a message becomes on a platform, or what keeps it from becoming anything. */
type Rendering = { platform: string; text: string } | { platform: string; error: string };

const HELP = `
Takes messages as \`herald send\` does and needs no Redis. Limits are the platforms' own, whatever a channel's
configuration says.

Examples:
  $ herald render messages.ndjson
  $ echo '{"platform":"zulip","to":{"userIds":[8]},"content":"Hello **Ada**"}' |
      herald render --platform zulip --platform usercom`;

const NAMES = Object.keys(platforms);
const schemas = messageSchemasOf(platforms);
const definitions: Readonly<Record<string, PlatformDefinition>> = platforms;

function renderOn(platform: string, message: MessageOf<typeof platforms>): Rendering {
  const definition = definitions[platform]!;
  const { dialect } = definition;
  // Another platform cannot read the message's own fields: only its content is rendered.
  const isOwn = message.platform === platform || !dialect;
  const rendered = renderedOrProblem(() =>
    isOwn ? definition.render(message) : renderContent(message, dialect),
  );
  return typeof rendered === 'string'
    ? { platform, text: rendered }
    : { platform, error: problemText(rendered) };
}

/** @param wanted the platforms to render for; the message's own when absent */
function renderAll(input: unknown, wanted: readonly string[] | undefined): Rendering[] | string {
  const parsed = schemas.parseInput(input);
  if (parsed.kind === 'invalid') return problemsText(parsed.problems);
  const { message } = parsed;
  return (wanted ?? [message.platform]).map((platform) => renderOn(platform, message));
}

interface RenderContext {
  /** The platforms that were asked for. */
  wanted: readonly string[] | undefined;
  /** The input's name. */
  source: string;
  output: Output;
}

/** @returns whether the message can be sent as it is */
function report(entry: Entry<unknown>, { wanted, source, output }: RenderContext): boolean {
  const place: Place = { line: entry.line, ...(entry.index !== undefined && { index: entry.index }) };
  const rendered = 'problem' in entry ? entry.problem : renderAll(entry.value, wanted);
  if (typeof rendered === 'string') {
    output.result({ ...place, error: rendered }, () => `${source}: ${placeText(entry)}: ${rendered}`);
    return false;
  }
  output.result({ ...place, renderings: rendered }, () =>
    rendered.map((one) => textOf(one, placeText(entry))).join('\n'),
  );
  return rendered.every((one) => 'text' in one);
}

const textOf = (rendering: Rendering, place: string): string =>
  'text' in rendering
    ? `── ${place}, ${rendering.platform}\n${rendering.text.split('\n').map(printable).join('\n')}`
    : `── ${place}, ${rendering.platform}: ${rendering.error}`;

const run: Run<RenderOptions> = async ({ context, output, args, options }) => {
  const source = await openSource(args[0], context);
  let good = true;
  for await (const entry of readJson(source.chunks, source.cut)) {
    good = report(entry, { wanted: options.platform, source: source.name, output }) && good;
  }
  return good ? EXIT.done : EXIT.partly;
};

export const addRender: AddCommand = (program, shell) => {
  program
    .command('render')
    .argument('[file]', 'JSON messages; standard input when absent or -')
    .description('Show messages as they are rendered for their platforms.')
    .option(
      '--platform <name>',
      `render for this platform instead of the message's own: ${NAMES.join(', ')}; repeatable`,
      collected(parsedBy(z.enum(NAMES, `expected one of ${NAMES.join(', ')}`))),
    )
    .addHelpText('after', HELP)
    .action(shell.action(run));
};
