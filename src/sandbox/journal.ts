/** What the sandbox saw: enough to judge from outside whether somebody got a message twice. */

export interface SandboxCall {
  /** By the sandbox's clock, milliseconds since the epoch. */
  at: number;
  platform: string;
  /** A user id as text, or `@name` in lower case; empty where the call named nobody. */
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
  /** Recipients that were sent more than one message, whatever the windows: the first thing to look at. */
  acceptedMoreThanOnce: number;
}

/** Counts everything and keeps the latest calls. */
export class Journal {
  #calls: SandboxCall[] = [];
  #recipients = new Map<string, RecipientCounts>();
  #results: Record<string, number> = {};
  #faults: Record<string, number> = {};
  #total = 0;
  readonly #keep: number;

  constructor(keep: number) {
    this.#keep = keep;
  }

  add(call: SandboxCall): void {
    this.#total += 1;
    this.#results[call.result] = (this.#results[call.result] ?? 0) + 1;
    if (call.fault !== undefined) this.#faults[call.fault] = (this.#faults[call.fault] ?? 0) + 1;
    const counts = this.#recipients.get(call.recipient) ?? { calls: 0, accepted: 0 };
    counts.calls += 1;
    if (call.result === 'accepted') counts.accepted += 1;
    this.#recipients.set(call.recipient, counts);
    this.#calls.push(call);
    // Now and then rather than at each call: shifting a long array costs its length.
    if (this.#calls.length >= 2 * this.#keep) this.#calls = this.calls();
  }

  /** The latest calls, oldest first. */
  calls(): SandboxCall[] {
    return this.#keep === 0 ? [] : this.#calls.slice(-this.#keep);
  }

  recipients(): ReadonlyMap<string, RecipientCounts> {
    return this.#recipients;
  }

  report(): SandboxReport {
    const results = { ...this.#results };
    let acceptedMoreThanOnce = 0;
    for (const { accepted } of this.#recipients.values()) if (accepted > 1) acceptedMoreThanOnce += 1;
    const accepted = results['accepted'] ?? 0;
    return { calls: this.#total, accepted, results, faults: { ...this.#faults }, acceptedMoreThanOnce };
  }

  clear(): void {
    this.#calls = [];
    this.#recipients.clear();
    this.#results = {};
    this.#faults = {};
    this.#total = 0;
  }
}
