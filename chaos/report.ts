import type { Breach, History } from './breach.ts';
import { campaignRows } from './campaign-report.ts';
import type { CampaignBook } from './campaigns.ts';
import { QUIET_MS, TIMEOUT_MS } from './channels.ts';
import type { Control } from './controls.ts';
import { failoverSection } from './failover-report.ts';
import type { Failover } from './failovers.ts';
import type { ManyFigures } from './many.ts';
import type { RecoveryFigures } from './recovery.ts';
import { counted, type Row, section } from './table.ts';

/** The closing table of a run. */
export interface Findings {
  seed: number;
  seconds: number;
  histories: readonly History[];
  acknowledged: number;
  repeated: { refused: number; foreign: number };
  /** How messages travelled in jobs of many. */
  many: ManyFigures;
  controls: readonly Control[];
  campaigns: readonly CampaignBook[];
  faults: ReadonlyMap<string, number>;
  /** Runs with a send whose end was unknown, by the log: `<channel> <id> <run>`. */
  unknown: ReadonlySet<string>;
  recovery: RecoveryFigures;
  /** How many times slower than an idle machine this one was. */
  slowness: number;
  /** Acknowledged writes that Redis forgot without having been made to. */
  unkept: number;
  failovers: readonly Failover[];
  processes: { started: number; killed: number };
  breaches: readonly Breach[];
  /** Second messages and duplicates by a request that was written later than the guarantee allows. */
  beyond: readonly Breach[];
  /** What broke the promise because a failover forgot acknowledged writes. */
  forgotten: readonly Breach[];
  complaints: readonly string[];
}

/** The lock of a killed worker's jobs, and the wait until somebody looks for jobs without one. */
const LOCK_MS = 19_000;
/** Until somebody has the message then, on an idle machine. */
const TAKEN_WITHIN_MS = 6_000;

/** After a kill -9 a message is final or taken up again within this. */
export const recoveredWithinMs = ({ slowness }: Pick<Findings, 'slowness'>): number =>
  LOCK_MS + TAKEN_WITHIN_MS * slowness;

export function closingTable(findings: Findings): string {
  const { histories, breaches, recovery } = findings;
  const of = (kind: Breach['kind'], confirmable?: boolean): number =>
    breaches.filter((breach) => {
      const channel = histories.find((each) => each.channel.name === breach.channel)?.channel;
      if (breach.kind !== kind) return false;
      return confirmable === undefined || (channel?.rule.kind === 'confirmable') === confirmable;
    }).length;
  const calls = histories.flatMap((each) => each.calls);
  return [
    section('messages', [
      ['acknowledged', findings.acknowledged],
      ...histories.map(({ channel, acknowledged }): Row => [`  ${channel.name}`, acknowledged.size]),
      ['sent once more, and refused', findings.repeated.refused],
      ['added once more as another job', findings.repeated.foreign],
      ['picked up in jobs of many', findings.many.messages],
      ['  jobs of many', findings.many.jobs],
      ['  messages that left one', findings.many.left],
      ['requests that reached a platform', calls.length],
      ['accepted by it', calls.filter(({ result }) => result === 'accepted').length],
    ]),
    section('faults', [
      ['worker processes killed', findings.processes.killed],
      ['worker processes started', findings.processes.started],
      ...[...findings.faults].toSorted(([a], [b]) => (a < b ? -1 : 1)),
      ['answers of a platform spoilt', calls.filter(({ fault }) => fault !== undefined).length],
    ]),
    section('cancelled and rescheduled by id, by the answer', controlRows(findings)),
    section('campaigns', campaignRows(findings.campaigns)),
    section('final states', finalRows(histories)),
    section('unknown sends, by how their runs ended', unknownRows(findings)),
    section('the promise', [
      ['lost', of('lost')],
      ['more than one final state a run', of('two_final_states')],
      ['second messages to a player in a window', of('second_message')],
      ['messages that arrived twice', of('arrived_twice', false)],
      ['confirmable duplicates', of('arrived_twice', true)],
      ['sent before its time', of('early')],
      ['sent after it was cancelled', of('sent_after_cancel')],
      ['cancelled, and no such end; or such an end unasked', of('uncancelled')],
      ['false answers to a cancel or reschedule', of('false_answer')],
      ['campaigns whose counts are wrong', of('miscounted')],
      ['sent by a paused or cancelled campaign', of('sent_while_held')],
      ["sent with somebody else's values", of('misaddressed')],
      ['ended before its time', of('ended_early')],
      ['answered, and called a doubt', of('answer_thrown_away')],
      ['called a duplicate, and there was no other', of('false_duplicate')],
      ['queued, and a second time while it was known', of('queued_twice')],
      ['called delivered, and never arrived', of('never_arrived')],
      ['called undelivered, and arrived', of('denied')],
      ['acknowledged writes that Redis forgot', findings.unkept],
    ]),
    section('recovery after a kill, until the last of its messages was final or given to another worker', [
      ['kills with messages under way', recovery.kills],
      ['messages under way', recovery.messages],
      ['p50', seconds(recovery.p50)],
      ['max', seconds(recovery.max)],
      ['  may be, on a machine as busy as this one was', seconds(recoveredWithinMs(findings))],
      ['max with the time that Redis was away', seconds(recovery.maxWithOutages)],
      ['max until one was at work on it, other faults and all', seconds(recovery.maxAtWork)],
      ['never', recovery.never.length],
    ]),
    ...failoverSection(findings),
    bounds(),
    section('beyond these bounds, and no breach', beyondRows(findings)),
    ...findings.complaints.map((text) => `! ${text}`),
    `seed ${findings.seed}, ${Math.round(findings.seconds)} s`,
  ].join('\n\n');
}

export const kept = (findings: Findings): boolean =>
  findings.breaches.length === 0 &&
  findings.complaints.length === 0 &&
  findings.recovery.never.length === 0 &&
  findings.recovery.max <= recoveredWithinMs(findings);

function finalRows(histories: readonly History[]): Row[] {
  return counted(
    histories.flatMap(({ receipts }) => receipts.map(({ state, reason }) => `${state}/${reason}`)),
  );
}

const controlRows = ({ controls }: Findings): Row[] =>
  counted(controls.map(({ kind, status }) => `${kind}: ${status}`));

/** A worker that died with its answer left no line: that the send was unknown is seen by the end of the run. */
function unknownRows({ histories, unknown }: Findings): Row[] {
  const telling = new Set(['presumed', 'confirmed', 'unconfirmed']);
  return counted(
    histories.flatMap(({ channel, receipts }) =>
      receipts
        .filter(({ id, run, reason }) => telling.has(reason) || unknown.has(`${channel.name} ${id} ${run}`))
        .map(({ state, reason }) => `${channel.name}: ${state}/${reason}`),
    ),
  );
}

/** Told by channel: it depends on the platform whether it stops such a request. */
function beyondRows({ histories, beyond }: Findings): Row[] {
  return histories.map(({ channel }) => [
    `second messages and duplicates, ${channel.name}`,
    beyond.filter((breach) => breach.channel === channel.name).length,
  ]);
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** What the guarantee needs, in this run's figures. */
const bounds = (): string =>
  [
    'what the guarantee needs',
    `  a worker stands still between its last look at a grant and the write for less than ${TIMEOUT_MS} ms (the timeout)`,
    '  a request that was written arrives by its deadline, where there is a quota',
    `  and within ${QUIET_MS} ms (the quiet period) after it, where the platform is asked`,
    '  Redis keeps what it acknowledged',
  ].join('\n');
