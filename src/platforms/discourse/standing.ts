/**
 * Whose fault a refusal is that has the same words for two faults: "you cannot send a personal message to that user" is
 * said of a recipient who is suspended and of a sender who is silenced or may not write to anybody, and a key that is
 * wrong is refused as one that is too narrow for a topic. One recipient's refusal must not stop a channel, nor a
 * channel's fault kill its messages, so what became of the others decides.
 */
export type Fault = 'recipient' | 'channel' | 'unclear';

/** This many refused recipients in a row, with none accepted in between, are not a coincidence. */
const IN_A_ROW = 5;
/** The most messages that are remembered as refused. */
const REMEMBERED = 10_000;

/** What one account's, or one key's, sends came to. A process judges by its own. */
export class Standing {
  readonly #refused = new Set<string>();
  readonly #heldBack = new Set<string>();

  /** Something was accepted: the account and its key are good. */
  accepted(): void {
    this.#refused.clear();
  }

  /**
   * Of a message that was refused before and is refused again, it is the recipient's, unless so many others were refused
   * that it must be the channel's.
   * @param message the same one's, each time
   */
  judge(recipient: string, message: string): Fault {
    this.#refused.add(recipient);
    if (this.#refused.size >= IN_A_ROW) {
      // Judged again after the channel was resumed.
      this.#refused.clear();
      this.#heldBack.clear();
      return 'channel';
    }
    if (this.#heldBack.delete(message)) return 'recipient';
    if (this.#heldBack.size >= REMEMBERED) this.#heldBack.clear();
    this.#heldBack.add(message);
    return 'unclear';
  }
}
