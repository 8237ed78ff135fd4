import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { commonShape } from '../../src/config/channel-schema.ts';
import { rootSchema } from '../../src/config/schema.ts';
import { webhookShape } from '../../src/config/webhooks.ts';
import { commonFields } from '../../src/message/fields.ts';
import { platforms } from '../../src/platforms/registry.ts';
import { problemTable, routeTable } from './api-tables.ts';
import { commandOverview, commandReference, globalOptions } from './command-reference.ts';
import { fieldsTable, settingsTable } from './field-table.ts';
import { counterTable, gaugeTable, histogramTable, labelTable } from './metric-tables.ts';
import { alertTable, questionTable } from './monitoring-tables.ts';
import { configComments, messageComments, platformComments, webhookComments } from './sources.ts';

/** The pages of docs/: prose written by hand, around tables made of the schemas and definitions that the code runs on. */

type Block = () => string;

const { platform: _fixed, ...channelSettings } = commonShape(platforms.kongregate);
const { channels: _tables, webhooks: _endpoints, ...rootSettings } = rootSchema.shape;

const { v, id, channel, ...otherFields } = commonFields;
const messageFields = {
  v,
  id,
  platform: z.enum(Object.keys(platforms)),
  channel,
  to: z.unknown().meta({ type: 'by platform' }),
  ...otherFields,
};

const platformBlocks = Object.fromEntries(
  Object.values(platforms).flatMap(({ name, channelShape, messageShape }): [string, Block][] => [
    [`${name} settings`, () => settingsTable(channelShape, platformComments(name), 'channelShape')],
    [`${name} fields`, () => fieldsTable(messageShape, platformComments(name), 'messageShape')],
  ]),
);

/** A program of examples/. */
const exampleOf = (file: string, language: string): string => {
  const text = readFileSync(new URL(`../../examples/${file}`, import.meta.url), 'utf8');
  return `\`\`\`${language}\n${text}\`\`\``;
};

const BLOCKS: Readonly<Record<string, Block>> = {
  'root settings': () => settingsTable(rootSettings, configComments()),
  'channel settings': () => settingsTable(channelSettings, configComments()),
  'webhook settings': () => settingsTable(webhookShape, webhookComments(), 'webhookShape'),
  'message fields': () => fieldsTable(messageFields, messageComments()),
  ...platformBlocks,
  counters: counterTable,
  histograms: histogramTable,
  gauges: gaugeTable,
  labels: labelTable,
  'api routes': routeTable,
  'api problems': problemTable,
  alerts: alertTable,
  questions: questionTable,
  'command overview': commandOverview,
  'global options': globalOptions,
  commands: commandReference,
  'example in Python': () => exampleOf('stream.py', 'python'),
  'example in PHP': () => exampleOf('send.php', 'php'),
};

/** Relative to the repository; `npm run docs` writes what stands between the marks of each. */
export const PAGES = [
  'docs/commands.md',
  'docs/configuration.md',
  'docs/http.md',
  'docs/messages.md',
  'docs/metrics.md',
  'docs/monitoring.md',
  'docs/platforms.md',
] as const;

export const pageUrl = (page: string): URL => new URL(`../../${page}`, import.meta.url);

const MARKED = /(<!-- generated: (.+?) -->\n)[\s\S]*?(<!-- end -->)/g;

/**
 * The page with its tables made anew.
 * @throws Error for a mark that no table bears
 */
export function renderPage(page: string): string {
  return readFileSync(pageUrl(page), 'utf8').replace(
    MARKED,
    (_, start: string, name: string, end: string) => {
      const block = BLOCKS[name];
      if (!block) throw new Error(`${page} asks for ${JSON.stringify(name)}, which is not generated`);
      return `${start}\n${block()}\n\n${end}`;
    },
  );
}
