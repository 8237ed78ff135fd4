import type { Installation } from '../channels/installation.ts';
import type { DeadLetter, DeadLetterDetails, DeadLetterList } from '../dead-letters/dead-letters.ts';
import { listDeadLetters, showDeadLetters } from '../dead-letters/dead-letters.ts';
import {
  type DetailGroup,
  type GroupedDeadLetters,
  groupDeadLetters,
  OTHER_TEXTS,
} from '../dead-letters/groups.ts';
import { type PurgeResult, purgeSelected } from '../dead-letters/purge.ts';
import { type ReplayResult, type ReplayStep, replaySelected } from '../dead-letters/replay.ts';
import { countLeftOut, replayableReasons, replayWarnings } from '../dead-letters/replay-warnings.ts';
import {
  type DeadLetterQuery,
  type SelectedDeadLetters,
  selectDeadLetters,
} from '../dead-letters/selection.ts';
import { checkOptions, type OptionNames } from '../options.ts';
import type { RecordAct } from './audit.ts';
import { checkedSelection, type DeadLetterSelection } from './dead-letter-selection.ts';
import { holdWarnings } from './hold-warnings.ts';
import { type PredictControl, predictReplay, type ReplayOutlook } from './replay-outlook.ts';
import { requireChannel } from './require-channel.ts';
import type { Session } from './session.ts';

/** The dead letter operations of an admin. */
export interface DeadLetterAdmin {
  /** Lists the newest dead letters, newest last; 50 unless the selection has a limit. */
  list(selection?: DeadLetterSelection): Promise<DeadLetterList>;
  /** Groups them by reason and error text, the largest group first; a limit of the selection is ignored. */
  group(selection?: DeadLetterSelection): Promise<GroupedDeadLetters>;
  /** Returns the dead letter of a message id or job id, with its content, from every channel that has one. */
  show(id: string, options?: { channel?: string | undefined }): Promise<DeadLetterDetails[]>;
  /**
   * Predicts the fate of each letter by the scripts that replay and admit, and counts the fates. Changes nothing, and occupies Redis for
   * about 2 ms per hundred letters.
   * @param what a selection, or a plan
   */
  predict(what?: DeadLetterSelection | DeadLetterPlan, control?: PredictControl): Promise<ReplayOutlook>;
  /** Counts what a replay or purge would process, with warnings. Changes nothing. */
  plan(selection?: DeadLetterSelection, action?: 'replay' | 'purge'): Promise<DeadLetterPlan>;
  /**
   * Puts dead letters back into their queues, oldest first, each as a new run with a full budget of attempts. Messages that
   * die meanwhile are not included. `unconfirmed` ones may have arrived: they are replayed only if `reasons` includes them.
   * @param what a selection, or a plan, which is executed unchanged
   */
  replay(what?: DeadLetterSelection | DeadLetterPlan, options?: ReplayControl): Promise<Replayed>;
  /** Deletes dead letters permanently, oldest first. */
  purge(what?: DeadLetterSelection | DeadLetterPlan, options?: PurgeControl): Promise<Purged>;
}

export interface DeadLetterPlan extends SelectedDeadLetters {
  /** The selection that the plan was made for. */
  selection: DeadLetterQuery;
  /** The number of letters that a replay skips because they may have arrived. */
  leftOut: number;
  /** Whole sentences. */
  warnings: string[];
}

export interface ReplayControl {
  /** Dead letters per second; unlimited when absent. */
  perSecond?: number | undefined;
  /** Ends it between two batches. */
  signal?: AbortSignal | undefined;
  /** Called for each dead letter that was replayed. */
  onReplayed?: ((channel: string) => void) | undefined;
  /** Called for each dead letter with its result. `name` is the id of the job that the message was enqueued with. */
  onStep?:
    | ((letter: { channel: string; name: string; diedAt: number }, step: ReplayStep) => void)
    | undefined;
}

export interface PurgeControl {
  /** Ends it between two batches. */
  signal?: AbortSignal | undefined;
  /** Called after each dead letter. */
  onStep?: (() => void) | undefined;
}

export type Replayed = ReplayResult & Pick<DeadLetterPlan, 'unknownIds'>;
export type Purged = PurgeResult & Pick<DeadLetterPlan, 'unknownIds'>;
export type { DeadLetter, DeadLetterDetails, DeadLetterSelection, DetailGroup, GroupedDeadLetters };
export { OTHER_TEXTS };

const LISTED = 50;

const REPLAY: OptionNames<ReplayControl> = { perSecond: true, signal: true, onReplayed: true, onStep: true };
const PURGE: OptionNames<PurgeControl> = { signal: true, onStep: true };

export function deadLetterAdmin(run: Session['run'], record: RecordAct): DeadLetterAdmin {
  return {
    list: (selection = {}) =>
      run((at) => listDeadLetters(at, checkedSelection(at, selection), selection.limit ?? LISTED)),
    group: (selection = {}) => run((at) => groupDeadLetters(at, checkedSelection(at, selection))),
    show: (id, { channel } = {}) => run((at) => show(at, id, channel)),
    plan: (selection = {}, action = 'replay') => run((at) => plan(at, selection, action)),
    predict: (what = {}, control = {}) => run((at) => predict(at, what, control)),
    replay: (what = {}, control = {}) => run((at) => replay(at, what, control, record)),
    purge: (what = {}, control = {}) => run((at) => purge(at, what, control, record)),
  };
}

async function show(
  installation: Installation,
  id: string,
  only: string | undefined,
): Promise<DeadLetterDetails[]> {
  if (only !== undefined) requireChannel(installation, only);
  const letters = await showDeadLetters(installation, id);
  return letters.filter(({ channel }) => only === undefined || channel === only);
}

async function plan(
  installation: Installation,
  what: DeadLetterSelection,
  action: 'replay' | 'purge',
): Promise<DeadLetterPlan> {
  const selection = checkedSelection(installation, what);
  if (action === 'purge')
    return { ...(await selectDeadLetters(installation, selection)), selection, leftOut: 0, warnings: [] };
  const leftOut = await countLeftOut(installation, selection);
  const reasons = replayableReasons(selection.reasons);
  const letters = await selectDeadLetters(installation, { ...selection, reasons });
  const held = await holdWarnings(
    installation,
    letters.groups.map(({ channel }) => channel),
  );
  return { ...letters, selection, leftOut, warnings: [...replayWarnings(letters.groups, leftOut), ...held] };
}

const planned = async (
  installation: Installation,
  what: DeadLetterSelection | DeadLetterPlan,
  action: 'replay' | 'purge',
): Promise<DeadLetterPlan> => ('read' in what ? what : await plan(installation, what, action));

async function predict(
  installation: Installation,
  what: DeadLetterSelection | DeadLetterPlan,
  control: PredictControl,
): Promise<ReplayOutlook> {
  const { read } = await planned(installation, what, 'replay');
  return await predictReplay(read(), control);
}

async function replay(
  installation: Installation,
  what: DeadLetterSelection | DeadLetterPlan,
  options: ReplayControl,
  record: RecordAct,
): Promise<Replayed> {
  const { onStep, ...control } = checkOptions('replay', options, REPLAY);
  const { perSecond } = control;
  if (perSecond !== undefined && !(perSecond > 0))
    throw new TypeError('perSecond: expected a positive number');
  const letters = await planned(installation, what, 'replay');
  const act = actOn(letters);
  if (letters.letters > 0) await record(installation, { ...act, action: 'dead.replay', outcome: 'began' });
  const result = await replaySelected(installation, letters.read(), {
    ...control,
    onStep: ({ channel, name, diedAt }, step) => onStep?.({ channel: channel.name, name, diedAt }, step),
  });
  if (letters.letters > 0)
    await record(installation, { ...act, action: 'dead.replay', count: result.replayed, ...endOf(result) });
  return { ...result, unknownIds: letters.unknownIds };
}

async function purge(
  installation: Installation,
  what: DeadLetterSelection | DeadLetterPlan,
  options: PurgeControl,
  record: RecordAct,
): Promise<Purged> {
  const control = checkOptions('purge', options, PURGE);
  const letters = await planned(installation, what, 'purge');
  const act = actOn(letters);
  if (letters.letters > 0) await record(installation, { ...act, action: 'dead.purge', outcome: 'began' });
  const result = await purgeSelected(letters.read(), control);
  if (letters.letters > 0)
    await record(installation, { ...act, action: 'dead.purge', count: result.purged, ...endOf(result) });
  return { ...result, unknownIds: letters.unknownIds };
}

/** The beginning is recorded too, so that a crash in between leaves a record of who wanted what. */
const actOn = ({ groups, letters, selection }: DeadLetterPlan) => ({
  channels: [...new Set(groups.map(({ channel }) => channel))],
  filter: definedOnly(selection),
  count: letters,
});

const endOf = ({ interrupted }: { interrupted: boolean }) => ({
  outcome: interrupted ? ('interrupted' as const) : ('done' as const),
});

const definedOnly = (selection: DeadLetterQuery): { [name: string]: unknown } =>
  Object.fromEntries(
    Object.entries(selection).filter(
      ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
    ),
  );
