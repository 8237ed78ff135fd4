import type { styleText } from 'node:util';
import type { SandboxReport } from '../src/sandbox/journal.ts';
import { type ByChannel, CHANNELS, TITLES } from './channels.ts';
import type { DemoWorker } from './environment.ts';
import { type Tally, total } from './tally.ts';

/** The live view as text. Pure; made for 80 columns. */

type Style = Parameters<typeof styleText>[0];
/** Colours a text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

/** What the view shows at one moment. */
export interface Snapshot {
  elapsedMs: number;
  /** How many messages the demo will enqueue. */
  planned: number;
  /** Runs that were begun, by enqueueing or by replay. */
  begun: number;
  tally: Tally;
  platforms: ByChannel<SandboxReport>;
  workers: readonly Pick<DemoWorker, 'name' | 'pid' | 'state' | 'pickups'>[];
  /** What happened, oldest first. */
  news: readonly News[];
}

export interface News {
  atMs: number;
  text: string;
}

const BAR = 16;
const NEWS_SHOWN = 6;

export const number = (value: number): string => value.toLocaleString('en-US');
export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** The whole picture, redrawn in place. */
export function frame(snapshot: Snapshot, paint: Paint): string {
  const { elapsedMs, planned, begun, tally, platforms } = snapshot;
  const row = (label: string, style: Style, value: number, note: string): string => {
    const filled = Math.min(BAR, Math.round((value / planned) * BAR));
    const bar = paint(style, '█'.repeat(filled)) + paint('gray', '░'.repeat(BAR - filled));
    return `  ${label.padEnd(11)}${number(value).padStart(6)}  ${bar}  ${paint('gray', note)}`;
  };
  const { presumed, confirmed, retried } = tally;
  const accepted = CHANNELS.map((channel) => `${TITLES[channel]} ${number(platforms[channel].accepted)}`);
  const twice = peopleWithTwo(snapshot);
  return [
    '',
    `  ${paint('bold', 'Herald demo')}  ${seconds(elapsedMs)}`,
    '',
    row('enqueued', 'blue', begun, `of ${number(planned)}`),
    row(
      'delivered',
      'green',
      tally.delivered,
      `presumed ${presumed}, confirmed ${confirmed}, retried ${retried}`,
    ),
    row('suppressed', 'yellow', total(tally.suppressed), reasons(tally.suppressed)),
    row('dead', 'red', total(tally.dead), reasons(tally.dead)),
    row('under way', 'cyan', underWay(snapshot), ''),
    '',
    `  accepted     ${accepted.join(', ')}`,
    `  twice      ${paint(twice === 0 ? 'green' : 'red', number(twice).padStart(6))}  people with two messages`,
    '',
    ...snapshot.workers.map((worker) => `  ${workerLine(worker, paint)}`),
    '',
    ...snapshot.news.slice(-NEWS_SHOWN).map((news) => `  ${newsLine(news, paint)}`),
  ].join('\n');
}

/** The same in one line, where nothing can be redrawn. */
export function plainLine(snapshot: Snapshot): string {
  const { begun, tally, workers } = snapshot;
  const up = workers.filter(({ state }) => state === 'delivering').length;
  return [
    `${seconds(snapshot.elapsedMs).padStart(7)}  enqueued ${begun}`,
    `delivered ${tally.delivered}`,
    `suppressed ${total(tally.suppressed)}`,
    `dead ${total(tally.dead)}`,
    `under way ${underWay(snapshot)}`,
    `workers ${up} of ${workers.length}`,
    `people with two ${peopleWithTwo(snapshot)}`,
  ].join(', ');
}

export const newsLine = ({ atMs, text }: News, paint: Paint): string =>
  `${paint('gray', seconds(atMs).padStart(6))}  ${text}`;

const underWay = ({ begun, tally }: Snapshot): number => Math.max(0, begun - tally.finals);

const peopleWithTwo = ({ platforms }: Snapshot): number =>
  CHANNELS.reduce((sum, channel) => sum + platforms[channel].acceptedMoreThanOnce, 0);

const reasons = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([reason, count]) => `${reason} ${count}`)
    .join(', ');

const STYLES: Record<DemoWorker['state'], Style> = { starting: 'yellow', delivering: 'green', killed: 'red' };

function workerLine({ name, pid, state, pickups }: Snapshot['workers'][number], paint: Paint): string {
  const shown = paint(STYLES[state], state.padEnd(16));
  return `${name.padEnd(11)}pid ${String(pid ?? '-').padEnd(9)}${shown}${number(pickups)} jobs picked up`;
}
