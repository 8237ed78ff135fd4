/** What the sandbox received: enough to check from outside whether a person got a message twice. */

export interface SandboxCall {
  /** By the sandbox's clock, milliseconds since the epoch. */
  at: number;
  platform: string;
  /** A user id as text, `@name` in lower case, or several of them with commas; empty if the call named no recipient. */
  recipient: string;
  /** What the platform's rules said: `accepted`, `daily_limit` … or `not_judged` where a fault came first. */
  result: string;
  /** The fault that took the place of the answer, if one did. */
  fault?: string | undefined;
  /** As it arrived. */
  content: string;
}

export interface RecipientCounts {
  calls: number;
  accepted: number;
}

export interface SandboxReport {
  calls: number;
  accepted: number;
  /** Calls by what the rules said. */
  results: Record<string, number>;
  /** Answers that a fault took the place of, by its kind. */
  faults: Record<string, number>;
  /** Recipients that were sent more than one message, whatever the windows: the first thing to check. */
  acceptedMoreThanOnce: number;
}

interface Counts {
  calls: number;
  results: Record<string, number>;
  faults: Record<string, number>;
  recipients: Map<string, RecipientCounts>;
}

/** Counts everything and keeps the latest calls. */
export class Journal {
  #calls: SandboxCall[] = [];
  #platforms = new Map<string, Counts>();
  readonly #keep: number;
  readonly #onCall: (call: SandboxCall) => void;

  /** @param keep how many of the latest calls keep their content */
  constructor(keep: number, onCall: (call: SandboxCall) => void = () => {}) {
    this.#keep = keep;
    this.#onCall = onCall;
  }

  add(call: SandboxCall): void {
    const counts = this.#platforms.get(call.platform) ?? noCounts();
    this.#platforms.set(call.platform, counts);
    counts.calls += 1;
    addTo(counts.results, call.result, 1);
    if (call.fault !== undefined) addTo(counts.faults, call.fault, 1);
    const recipient = counts.recipients.get(call.recipient) ?? { calls: 0, accepted: 0 };
    recipient.calls += 1;
    if (call.result === 'accepted') recipient.accepted += 1;
    counts.recipients.set(call.recipient, recipient);
    this.#calls.push(call);
    this.#onCall(call);
    // Now and then rather than at each call: shifting a long array costs its length.
    if (this.#calls.length >= 2 * this.#keep) this.#calls = this.calls();
  }

  /** The latest calls, oldest first. */
  calls(platform?: string): SandboxCall[] {
    const calls = this.#keep === 0 ? [] : this.#calls.slice(-this.#keep);
    return platform === undefined ? calls : calls.filter((call) => call.platform === platform);
  }

  /** @param platform all of them when absent; a name on several of them then counts once */
  recipients(platform?: string): ReadonlyMap<string, RecipientCounts> {
    const all = new Map<string, RecipientCounts>();
    for (const [name, { calls, accepted }] of this.#counts(platform).flatMap((each) => [
      ...each.recipients,
    ])) {
      const before = all.get(name) ?? { calls: 0, accepted: 0 };
      all.set(name, { calls: before.calls + calls, accepted: before.accepted + accepted });
    }
    return all;
  }

  /** @param platform all of them when absent */
  report(platform?: string): SandboxReport {
    const report: SandboxReport = { calls: 0, accepted: 0, results: {}, faults: {}, acceptedMoreThanOnce: 0 };
    for (const { calls, results, faults, recipients } of this.#counts(platform)) {
      report.calls += calls;
      for (const [result, times] of Object.entries(results)) addTo(report.results, result, times);
      for (const [kind, times] of Object.entries(faults)) addTo(report.faults, kind, times);
      for (const { accepted } of recipients.values()) if (accepted > 1) report.acceptedMoreThanOnce += 1;
    }
    return { ...report, accepted: report.results['accepted'] ?? 0 };
  }

  clear(): void {
    this.#calls = [];
    this.#platforms.clear();
  }

  #counts(platform: string | undefined): Counts[] {
    if (platform === undefined) return [...this.#platforms.values()];
    const counts = this.#platforms.get(platform);
    return counts === undefined ? [] : [counts];
  }
}

const noCounts = (): Counts => ({ calls: 0, results: {}, faults: {}, recipients: new Map() });

function addTo(sums: Record<string, number>, name: string, times: number): void {
  sums[name] = (sums[name] ?? 0) + times;
}
