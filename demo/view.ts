import { CHANNELS, TITLES } from './channels.ts';
import type { Paint, Style } from './paint.ts';
import { sumCounts, total } from './receipt-book.ts';
import type { News, Snapshot } from './snapshot.ts';
import type { WorkerState } from './worker-process.ts';

/** The live view as text. Pure; made for 80 columns. */

const BAR = 16;
const NEWS_SHOWN = 6;
const LATEST_CHARACTERS = 64;

export const number = (value: number): string => value.toLocaleString('en-US');
export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

export function underWay({ enqueued, tally }: Snapshot): number {
  return Math.max(0, enqueued - tally.finals);
}

/** The whole picture, redrawn in place. */
export function frame(snapshot: Snapshot, paint: Paint): string {
  const { elapsedMs, planned, enqueued, tally } = snapshot;
  const row = (label: string, style: Style, value: number, note: string): string => {
    const filled = Math.min(BAR, Math.round((value / planned) * BAR));
    const bar = paint(style, '█'.repeat(filled)) + paint('gray', '░'.repeat(BAR - filled));
    return `  ${label.padEnd(11)}${number(value).padStart(6)}  ${bar}  ${paint('gray', note)}`;
  };
  return [
    '',
    `  ${paint('bold', 'Herald demo')}  ${seconds(elapsedMs)}`,
    '',
    row('enqueued', 'blue', enqueued, `of ${number(planned)}`),
    row('delivered', 'green', tally.delivered, proofs(tally)),
    row('suppressed', 'yellow', total(tally.suppressed), reasons(tally.suppressed)),
    row('dead', 'red', total(tally.dead), reasons(tally.dead)),
    row('under way', 'cyan', underWay(snapshot), queueNote(snapshot)),
    '',
    `  rate       ${number(Math.round(snapshot.perSecond)).padStart(6)}  final states a second`,
    `  accepted     ${accepted(snapshot)}`,
    `  twice      ${twice(snapshot, paint)}  people with two messages`,
    '',
    ...snapshot.workers.map((worker) => `  ${workerLine(worker, paint)}`),
    '',
    ...snapshot.news.slice(-NEWS_SHOWN).map((news) => `  ${newsLine(news, paint)}`),
    `  ${paint('gray', snapshot.latest.slice(0, LATEST_CHARACTERS))}`,
  ].join('\n');
}

/** The same in one line, where nothing can be redrawn. */
export function plainLine(snapshot: Snapshot): string {
  const { enqueued, tally, perSecond, workers } = snapshot;
  const up = workers.filter(({ state }) => state === 'delivering').length;
  return [
    `${seconds(snapshot.elapsedMs).padStart(7)}  enqueued ${enqueued}`,
    `delivered ${tally.delivered}`,
    `suppressed ${total(tally.suppressed)}`,
    `dead ${total(tally.dead)}`,
    `under way ${underWay(snapshot)}`,
    `${Math.round(perSecond)}/s`,
    `workers ${up} of ${workers.length}`,
    `people with two ${peopleWithTwo(snapshot)}`,
  ].join(', ');
}

export const newsLine = ({ atMs, text }: News, paint: Paint): string =>
  `${paint('gray', seconds(atMs).padStart(6))}  ${text}`;

const proofs = ({ presumed, confirmed, retried }: Snapshot['tally']): string =>
  `presumed ${presumed}, confirmed ${confirmed}, retried ${retried}`;

/** By the platforms' own count. */
const accepted = ({ platforms }: Snapshot): string =>
  CHANNELS.map((channel) => `${TITLES[channel]} ${number(platforms[channel].accepted)}`).join(', ');

function twice(snapshot: Snapshot, paint: Paint): string {
  const people = peopleWithTwo(snapshot);
  return paint(people === 0 ? 'green' : 'red', number(people).padStart(6));
}

const peopleWithTwo = ({ platforms }: Snapshot): number =>
  CHANNELS.reduce((sum, channel) => sum + platforms[channel].acceptedMoreThanOnce, 0);

const reasons = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([reason, count]) => `${reason} ${count}`)
    .join(', ');

function queueNote({ channels }: Snapshot): string {
  if (channels.length === 0) return '';
  for (const { channel, stopped, resting } of channels) {
    if (stopped) return `${channel} stopped: ${stopped.reason}`;
    if (resting) return `${channel} rests: ${resting.reason}`;
  }
  const {
    ready = 0,
    active = 0,
    waiting_slot: slot = 0,
    retrying = 0,
  } = sumCounts(channels.map(({ queue }) => queue));
  return `ready ${ready}, active ${active}, slot ${slot}, retry ${retrying}`;
}

const STATES: Record<WorkerState, readonly [Style, string]> = {
  starting: ['yellow', 'starting'],
  delivering: ['green', 'delivering'],
  killed: ['red', 'killed'],
  stopped: ['gray', 'stopped'],
  broken: ['red', 'ended by itself'],
};

function workerLine({ name, pid, state, attempts }: Snapshot['workers'][number], paint: Paint): string {
  const [style, text] = STATES[state];
  return `${name.padEnd(11)}pid ${String(pid ?? '-').padEnd(9)}${paint(style, text.padEnd(16))}${number(attempts)} attempts`;
}
