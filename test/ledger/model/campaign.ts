import type { CampaignState } from '../../../src/ledger/campaigns.ts';
import type { FinalState } from '../../../src/outcome.ts';
import { LISTS, type MessageSpec } from './setup.ts';
import type { RunRecord } from './state.ts';

/** The campaign of a run: its state, and where its recipients are. */
export class ModelCampaign {
  state: 'running' | 'paused' | 'cancelled' = 'running';
  readonly listed = LISTS.reduce((sum, { count }) => sum + count, 0);
  private underWay = 0;
  private replayed = 0;
  private readonly ends = new Map<string, number>();
  private duplicates = 0;
  /** The jobs, with the place there, that are told: as duplicates, or as those that were replayed. */
  private readonly told = new Set<string>();
  private readonly orderedAgain = new Set<string>();

  /** The record of its message is made. */
  begun(message: MessageSpec, record: RunRecord): void {
    if (message.campaign === undefined || this.isOfReplay(message, record) || record.underWay) return;
    record.underWay = true;
    this.underWay += 1;
  }

  ended(message: MessageSpec, record: RunRecord, { state, reason }: FinalState): void {
    if (message.campaign === undefined) return;
    if (this.isOfReplay(message, record)) {
      this.replayed += 1;
      return;
    }
    if (record.underWay) this.underWay -= 1;
    this.ends.set(`${state}/${reason}`, (this.ends.get(`${state}/${reason}`) ?? 0) + 1);
  }

  /** Another job has brought the recipient to an end, or begun the replay of it. */
  duplicate({ campaign, job }: MessageSpec): void {
    if (campaign === undefined || this.told.has(job)) return;
    this.told.add(job);
    this.duplicates += 1;
  }

  /** Whoever ends its replay, its own end is counted. */
  replay({ job }: MessageSpec): void {
    this.told.add(job);
  }

  /** From here on its job is that of the replay. */
  orderAgain({ campaign, job }: MessageSpec): void {
    if (campaign !== undefined) this.orderedAgain.add(job);
  }

  isReplay({ job }: MessageSpec): boolean {
    return this.orderedAgain.has(job);
  }

  /** Also where the record is forgotten by then, and begins with run 1: the job says that it is a replay's. */
  private isOfReplay(message: MessageSpec, { run }: RunRecord): boolean {
    return run > 1 || this.isReplay(message);
  }

  private allEnds(): number {
    return [...this.ends.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Never below zero: an entry that a worker asks for once more when its record is long over ends a second time. */
  waiting(): number {
    return Math.max(0, this.listed - this.underWay - this.duplicates - this.allEnds());
  }

  shown(): object {
    return {
      state: this.state === 'cancelled' || this.waiting() + this.underWay > 0 ? this.state : 'done',
      ...{ listed: this.listed, waiting: this.waiting(), underWay: this.underWay },
      ...{ duplicate: this.duplicates, replayed: this.replayed, ends: Object.fromEntries(this.ends) },
    };
  }
}

/** What the store says of it, in the same form. */
export function shownCampaign(state: CampaignState | undefined): object | undefined {
  if (!state) return undefined;
  const { listed, waiting, underWay, duplicate, replayed, ends } = state;
  return {
    state: state.state,
    ...{ listed, waiting, underWay, duplicate, replayed },
    ends: Object.fromEntries(ends.map((end) => [`${end.state}/${end.reason}`, end.count])),
  };
}
